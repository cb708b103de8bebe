"""Train one model: `python train.py`, `python train.py model=kachuee`, `python train.py -m seed=0,1,2`."""

from __future__ import annotations

from ecg.commands.train import main

if __name__ == "__main__":
    main()
