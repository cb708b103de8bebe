"""Labels for the beats of a person's own recordings, and scores where somebody else labelled them too."""
