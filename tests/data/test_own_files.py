"""Which labels belong to which recording, and whose heart it is."""

from __future__ import annotations

from pathlib import Path

import pytest

from ecg.checks import BadSettingError
from ecg.data.own_files import OwnFiles, find_own
from ecg.data.own_patients import check_patients
from ecg.errors import EcgError

SIGNAL = "time,II\n" + "".join(f"{i / 100},{i % 7}\n" for i in range(20))
LABELS = "time_s,label\n0.05,N\n"
NUMBERED = "sample,label\n5,0\n9,1\n12,0\n16,1\n"
RESULT = "time_s,sample,rr_s,label,confidence,p_N,p_V\n0.05,5,,N,0.9,0.9,0.1\n"


def write(folder: Path, **texts: str) -> Path:
    """Files by name, where `__` is a folder's end and `_` is a dot."""
    for name, text in texts.items():
        path = folder / name.replace("__", "/").replace("_", ".")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return folder


def found(folder: Path, labels_folder: Path | None = None, patients: str = "from_name") -> OwnFiles:
    return find_own(folder, "csv", labels_folder, patients)


def pairs(files: OwnFiles, folder: Path) -> dict[str, str]:
    return {one.recording.record: one.labels.relative_to(folder).as_posix() for one in files.labelled}


@pytest.mark.parametrize("text", [LABELS, NUMBERED, RESULT])
def test_labels_beside_a_recording(tmp_path: Path, text: str) -> None:
    write(tmp_path, a_csv=SIGNAL, a_labels_csv=text, b_tsv=SIGNAL, b_csv=text, c_txt=SIGNAL, c_labels_csv=text)
    files = found(tmp_path)
    assert pairs(files, tmp_path) == {"a": "a.labels.csv", "b": "b.csv", "c": "c.labels.csv"}
    assert files.unlabelled == files.skipped == ()


def test_a_recording_in_csv_is_not_the_labels_of_another_format(tmp_path: Path) -> None:
    write(tmp_path, a_csv=SIGNAL, a_tsv=SIGNAL, a_labels_csv=LABELS)
    with pytest.raises(EcgError, match=r"a\.labels\.csv: may be the labels of .*a\.csv or of .*a\.tsv"):
        found(tmp_path)
    write(tmp_path, b_csv=SIGNAL, b_tsv=SIGNAL)
    (tmp_path / "a.tsv").unlink()
    assert found(tmp_path).unlabelled == ("b_csv", "b_tsv")


def test_the_folder_of_results_of_ecg_predict(tmp_path: Path) -> None:
    write(tmp_path, **{"in__my rec_csv": SIGNAL, "in__sub1__rec_csv": SIGNAL, "in__sub2__rec_csv": SIGNAL})
    write(tmp_path, out__index_html="<html>", out__records_csv="record,file,error\n", out__my_rec_json="{}")
    for name in ("my_rec", "sub1_rec", "sub2_rec"):
        (tmp_path / "out" / f"{name}.csv").write_text(RESULT)
    wanted = {name: f"{name}.csv" for name in ("my_rec", "sub1_rec", "sub2_rec")}
    assert pairs(found(tmp_path / "in", tmp_path / "out"), tmp_path / "out") == wanted


def test_labels_in_a_folder_within_that_of_the_recordings_are_no_recordings(tmp_path: Path) -> None:
    write(tmp_path, a_csv=SIGNAL, b_csv=SIGNAL, out__a_csv=NUMBERED, out__z_csv=NUMBERED)
    files = found(tmp_path, tmp_path / "out")
    assert pairs(files, tmp_path) == {"a": "out/a.csv"}
    assert files.unlabelled == ("b",)


def test_labels_in_folders_like_the_recordings(tmp_path: Path) -> None:
    write(tmp_path, in__p1__rec_csv=SIGNAL, in__p2__rec_csv=SIGNAL, out__p1__rec_csv=LABELS, out__p2__rec_csv=LABELS)
    assert pairs(found(tmp_path / "in", tmp_path / "out"), tmp_path / "out") == {
        "p1_rec": "p1/rec.csv",
        "p2_rec": "p2/rec.csv",
    }


def test_one_file_of_labels_for_two_recordings_is_refused(tmp_path: Path) -> None:
    write(tmp_path, in__p1__rec_csv=SIGNAL, in__p2__rec_csv=SIGNAL, out__rec_csv=LABELS)
    with pytest.raises(
        EcgError, match=r"rec\.csv: may be the labels of .* give each its own: p1_rec\.csv and p2_rec\.csv"
    ):
        found(tmp_path / "in", tmp_path / "out")


def test_the_same_folder_said_twice_is_beside(tmp_path: Path) -> None:
    write(tmp_path, a_csv=SIGNAL, a_labels_csv=NUMBERED)
    assert found(tmp_path, tmp_path / ".").unlabelled == ()


def test_what_is_left_out_is_known(tmp_path: Path) -> None:
    write(tmp_path, a_csv=SIGNAL, a_labels_csv=LABELS, b_csv=SIGNAL, notes_csv="remember the milk\n")
    files = found(tmp_path)
    assert files.unlabelled == ("b",)
    assert len(files.skipped) == 1
    assert "notes.csv" in files.skipped[0]


@pytest.mark.parametrize(
    ("texts", "labels_folder", "words"),
    [
        ({"a_csv": SIGNAL, "b_csv": SIGNAL}, "", r"2 recordings, none with labels; .*a\.labels\.csv does not exist"),
        ({"a_tsv": SIGNAL}, "", r"1 recording, without labels; .*a\.csv does not exist; see dataset\.labels"),
        ({"a_csv": SIGNAL, "out__b_csv": LABELS}, "out", r"1 recording, without labels; .*out/a\.csv does not exist"),
        ({"a_csv": SIGNAL}, "none", r"dataset\.labels_folder=.*none: is no folder"),
        ({"a_md": "# nothing"}, "", "has no recordings"),
    ],
)
def test_no_labels_at_all(tmp_path: Path, texts: dict[str, str], labels_folder: str, words: str) -> None:
    write(tmp_path, **texts)
    with pytest.raises(EcgError, match=words):
        found(tmp_path, tmp_path / labels_folder if labels_folder else None)


def test_a_folder_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(EcgError, match=r"dataset\.recordings=.*none: does not exist"):
        found(tmp_path / "none")


def whose(folder: Path, patients: str) -> dict[str, str]:
    return {one.recording.record: one.patient for one in found(folder, None, patients).labelled}


@pytest.fixture
def visits(tmp_path: Path) -> Path:
    """Three recordings of two patients."""
    return write(
        tmp_path,
        **{f"{patient}__p{patient[-1]}-{visit}_{end}": text
           for patient, visit in (("p1", "a"), ("p1", "b"), ("p2", "a"))
           for end, text in (("csv", SIGNAL), ("labels_csv", LABELS))},
    )  # fmt: skip


@pytest.mark.parametrize(
    ("patients", "wanted"),
    [
        ("from_name", ["p1-a", "p1-b", "p2-a"]),
        ("from_folder", ["p1", "p1", "p2"]),
        ("(p[0-9]+)", ["p1", "p1", "p2"]),
        ("^p([0-9])-", ["1", "1", "2"]),
        ("^(p.)$", ["p1", "p1", "p2"]),  # only the folder is called so
    ],
)
def test_patients_by_names(visits: Path, patients: str, wanted: list[str]) -> None:
    assert whose(visits, patients) == dict(zip(["p1-a", "p1-b", "p2-a"], wanted, strict=True))


@pytest.mark.parametrize(
    "text",
    [
        "record,patient\np1-a,ann\np1-b,ann\np2-a,bob\n",
        "record,patient\np1-a.csv,ann\np1-b.csv,ann\np2-a.csv,bob\n",
        "Patient;Record;age\nann;p1-a;30\nann;p1-b;30\nbob;p2-a;40\nbob;p9-z;40\n",
        "\ufeffrecord\tpatient\np1-a\tann\np1-a\tann\np1-b\tann\np2-a\tbob\n",
    ],
)
def test_patients_by_a_table(visits: Path, tmp_path_factory: pytest.TempPathFactory, text: str) -> None:
    path = tmp_path_factory.mktemp("table") / "patients.csv"
    path.write_text(text, encoding="utf-8")
    assert whose(visits, str(path)) == {"p1-a": "ann", "p1-b": "ann", "p2-a": "bob"}


def test_a_table_of_patients_in_the_folder_is_no_recording(visits: Path) -> None:
    write(visits, patients_csv="record,patient\np1-a,1\np1-b,1\np2-a,2\n")
    files = found(visits, None, str(visits / "patients.csv"))
    assert [one.patient for one in files.labelled] == ["1", "1", "2"]
    assert files.unlabelled == files.skipped == ()


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("record,patient\np1-a,ann\np1-b,ann\n", r"has no row for the recording p2-a"),
        ("record,patient\np1-a,ann\np1-a,bob\n", "row 3: the record p1-a has two patients, ann and bob"),
        ("record,patient\np1-a,\n", "row 2 has no patient"),
        ("record,patient\n,ann\n", "row 2 has no record"),
        ("name,patient\np1-a,ann\n", r"lacks record \(it has name, patient\)"),
        ("a,b\n1,2\n", "lacks record and patient"),
    ],
)
def test_mistakes_in_a_table_of_patients(visits: Path, text: str, words: str) -> None:
    write(visits, patients_csv=text)
    with pytest.raises(EcgError, match=words) as error:
        whose(visits, str(visits / "patients.csv"))
    assert "patients.csv" in str(error.value)
    assert "\n" not in str(error.value)


def test_a_row_that_may_be_two_recordings_is_refused(tmp_path: Path) -> None:
    write(tmp_path, **{f"{sub}__rec_{end}": text for sub in ("s1", "s2")
                       for end, text in (("csv", SIGNAL), ("labels_csv", LABELS))})  # fmt: skip
    write(tmp_path, patients_csv="record,patient\nrec,ann\n")
    with pytest.raises(EcgError, match=r"patients\.csv: rec may be .*; write the records as s1_rec and s2_rec"):
        whose(tmp_path, str(tmp_path / "patients.csv"))
    write(tmp_path, patients_csv="record,patient\ns1_rec,ann\ns2_rec,bob\n")
    assert whose(tmp_path, str(tmp_path / "patients.csv")) == {"s1_rec": "ann", "s2_rec": "bob"}


@pytest.mark.parametrize(
    ("patients", "words"),
    [
        ("(q[0-9])", "finds no patient in the name of p1/p1-a"),
        ("none.csv", "there is no such file"),
        ("^p1-a(x?)", "finds no patient"),
    ],
)
def test_a_recording_without_a_patient(visits: Path, patients: str, words: str) -> None:
    with pytest.raises(EcgError, match=words):
        whose(visits, patients)


def test_a_recording_beside_the_folders_of_patients(visits: Path) -> None:
    write(visits, x_csv=SIGNAL, x_labels_csv=LABELS)
    with pytest.raises(EcgError, match=r"from_folder: .*x\.csv is in no patient's folder"):
        whose(visits, "from_folder")


@pytest.mark.parametrize("patients", ["p[0-9]+", "(a)(b)", "(p", "from_names"])
def test_no_way_to_tell_patients(patients: str) -> None:
    with pytest.raises(BadSettingError, match=r"patients=.*choose from_name, from_folder, a CSV file"):
        check_patients(patients)
