"""How to read each figure, in words for a cardiologist and a student alike."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType


@dataclass(frozen=True)
class Caption:
    """The words around a figure.

    Attributes:
        alt: what it shows, for those who cannot see it.
        reading: how to read it.
    """

    alt: str
    reading: str


CAPTIONS: Mapping[str, Caption] = MappingProxyType(
    {
        "saliency": Caption(
            "Single beats coloured by the evidence of each sample",
            "How to read: thick orange parts of the line speak for the class that the model names, thick blue ones "
            "against it, thin grey ones do not matter. Below, Grad-CAM and HiResCAM: above their line and dark where "
            "a moment speaks for the class, below it and pale where against. Each beat is coloured relative to its "
            "own strongest sample, so colours do not compare between beats. A dash (P', QRS') marks the next beat. "
            "Dotted: padding, no signal.",
        ),
        "classes": Caption(
            "Mean beat of each class with its evidence",
            "How to read: the line is the mean of the beats of a class that were called right, the grey band holds the "
            "middle 80 % of them. Since hearts beat at different rates, the next beat is smeared out in the mean; the "
            "names of the waves are for the class's median rate.",
        ),
        "waves": Caption(
            "Share of the evidence by wave and class",
            "How to read: the numbers of a row are percent of the evidence, for or against, and add up to 100. The "
            "colour sets them against the time that the wave takes: brown is more evidence than its length explains, "
            "violet less. A star: no beat of this class was called right, so all its beats are counted.",
        ),
        "agreement": Caption(
            "Rank correlations between maps",
            "How to read: 1 is the same order of importance, 0 no relation. Dot: median beat; thick bar: middle half; "
            "line: 10-90 %. IG: integrated gradients. The grey rows are the yardstick: what the maps of two different "
            "beats of one class have in common anyway.",
        ),
        "random_weights": Caption(
            "Rank correlation while weights are randomised",
            "How to read: from left to right one layer more loses its learnt weights, beginning with the last. The "
            "maps must lose their likeness to the original (Adebayo et al. 2018, arXiv 1810.03292). Dotted: two "
            "different beats of one class. Bands: 95 % intervals over beats.",
        ),
        "deletion": Caption(
            "Deletion and insertion curves",
            "How to read: above, windows of 40 ms are replaced by the average beat (the mean of the classes' mean "
            "beats) in the order of the map, most important first; below they are put into the average beat. A good "
            "map makes the probability fall, or rise, faster than a random order does (Petsiuk et al. 2018, arXiv "
            "1806.07421).",
        ),
        "probes": Caption(
            "Scores of linear probes for class and record by layer",
            "How to read: higher means easier to read from that layer. Dotted: the same network before any training; "
            "what it already offers is the beat's own shape, and only the distance to it was learnt. Band: 95 % "
            "interval. Chance: always naming the commonest answer.",
        ),
        "embeddings_class": Caption(
            "Each layer in two dimensions, coloured by class",
            "How to read: one dot per beat; dots lie close where the layer's two strongest directions of variation "
            "(its principal components) see them alike. Two directions are a small part of a layer; trust the probes "
            "where they disagree.",
        ),
        "embeddings_record": Caption(
            "Each layer in two dimensions, coloured by record",
            "How to read: the same dots, coloured by whose they are. Islands of one colour: the layer sorts beats by "
            "patient. Eight records are coloured, the others grey.",
        ),
        "cka": Caption(
            "Centred kernel alignment of layers",
            "How to read: 1 (dark) means that the two layers find the same beats alike and unlike, whatever their "
            "units are called; 0 that they have nothing in common (linear CKA, Kornblith et al. 2019, arXiv "
            "1905.00414). A dark diagonal: layer for layer the same.",
        ),
    }
)
"""By the figure's name."""

LAYERS_INTRODUCTION = (
    "A network of this kind is a chain of layers. The first ones slide short templates along the beat and note where "
    "each template fits (a channel); the last ones give up time and weigh everything against everything (units), "
    "until one number per class is left. Below, a few beats are followed all the way."
)

LAYERS_READING = (
    "How to read: the time axis of every band is that of the beat on top, so what lights up below a wave was set off "
    "by that wave. A dark spot is a channel at its own strongest; each band is blurred by the width of what its layer"
    " sees at once. The curve below a band is the mean of its channels. In the strips of units, the coloured bar on "
    "top names the class whose beats excite those units most: a beat of class V should light up the part below V."
)

CAM_WORDS = (
    "Grad-CAM gives each channel one weight for all moments. That fits networks that average over time at their end; "
    "the networks here weigh each moment by itself, for which HiResCAM (Draelos and Carin 2020, arXiv 2011.08891) is "
    "the fitting form. Grad-CAM is shown because it is the usual one; the checks below tell which to believe."
)

TRUST_INTRODUCTION = (
    "A picture of evidence always looks convincing. These checks ask whether it says anything about the model: "
    "different methods should mark the same samples, so should two trainings that differ by chance alone; a map that "
    "stays when the learnt weights are replaced by random ones is not about what was learnt; and samples that matter "
    "should change the answer when they are taken away."
)

WAVES_SOURCE = (
    "The same windows for all beats; a broad QRS runs into ST. QRS and T as in de Chazal et al. 2004 (doi "
    "10.1109/TBME.2004.827359), the end of T after Bazett 1920."
)

LIMITS = (
    "What this cannot tell: a map shows what moved the answer, not whether it should have; the windows are not "
    "measured waves; a probe that fails does not prove that a layer lacks the information, only that a straight cut "
    "through 32 directions does not find it."
)


def probe_words(*, by_patient: bool) -> str:
    """How the probes were made; `by_patient`: whether the split keeps patients apart."""
    leak = (
        "no patient is on both sides. Since the network has seen the training beats before, they look better sorted "
        "to it than new ones do, above all in the late layers. "
        if by_patient
        else "in this split patients are on both sides, so that part of its score is memory of patients. "
    )
    return (
        "A linear probe is a straight cut through a layer's output, fitted anew for each layer while the network "
        "stays as it is (Alain and Bengio 2016, arXiv 1610.01644). Each layer is first brought to its 32 strongest "
        "directions, so that big layers have no advantage. The class probe learns from training beats and is asked "
        f"about test beats; {leak}The record probe learns each test patient by the first 60 % of the record and is "
        "asked about the last 30 %; it sees beats of one class only, so that the class does not give the patient "
        "away."
    )
