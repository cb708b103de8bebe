from __future__ import annotations

import errno
import hashlib
import io
from pathlib import Path
from typing import Any

import pytest

from ecg.errors import EcgError
from ecg.recordings import download as module
from ecg.recordings.databases import DATABASES
from ecg.recordings.databases.mitdb import MITDB
from ecg.recordings.download import SUMS, download

from .file_server import BIG, NAMES, Server, assert_complete, fetch

PTBDB = {
    "RECORDS": b"patient001/s0010_re\npatient002/s0015lre\n",
    "CONTROLS": b"patient104/s0306lre\n",
    "patient001/s0010_re.hea": b"s0010_re 15 1000 38400\n",
    "patient001/s0010_re.dat": BIG,
    "patient001/s0010_re.xyz": b"frank" * 500,
    "patient002/s0015lre.hea": b"s0015lre 15 1000 115200\n",
    "patient002/s0015lre.dat": b"more" * 500,
}
PTBXL = {
    "RECORDS": b"records100/00000/00001_lr\nrecords500/00000/00001_hr\n",
    "ptbxl_database.csv": b"ecg_id,patient_id\n",
    "scp_statements.csv": b",diagnostic_class\n",
    "example_physionet.py": b"print()\n",
    "records100/00000/00001_lr.hea": b"00001_lr 12 100 1000\n",
    "records100/00000/00001_lr.dat": b"low" * 100,
    "records500/00000/00001_hr.hea": b"00001_hr 12 500 5000\n",
    "records500/00000/00001_hr.dat": BIG,
}


def test_fetches_everything(server: Server, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    report = fetch(server, tmp_path / "mitdb")
    assert_complete(server, tmp_path / "mitdb")
    assert report.fetched == tuple(NAMES)
    assert report.kept == ()
    assert report.n_bytes == sum(len(server.files[name]) for name in NAMES)
    assert server.asked[0] == (SUMS, None)
    assert capfd.readouterr() == ("", "")  # no terminal, no bar


def test_a_complete_folder_needs_no_network(server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fetch(server, tmp_path)
    server.asked.clear()
    monkeypatch.setattr(module, "FileLock", None)  # and takes no lock: the disk may be read-only
    report = fetch(server, tmp_path)
    assert (report.fetched, sorted(report.kept), report.n_bytes) == ((), sorted(NAMES), 0)
    assert server.asked == []


def test_only_what_is_missing_or_wrong_is_fetched(server: Server, tmp_path: Path) -> None:
    fetch(server, tmp_path)
    (tmp_path / "100.hea").unlink()
    (tmp_path / "RECORDS").write_bytes(b"damaged")
    report = fetch(server, tmp_path)
    assert report.fetched == ("RECORDS", "100.hea")
    assert report.kept == ("100.dat", "sub/1.dat")
    assert_complete(server, tmp_path)


def test_a_dropped_connection_is_resumed(server: Server, tmp_path: Path) -> None:
    server.drop["100.dat"] = 1
    report = fetch(server, tmp_path)
    assert_complete(server, tmp_path)
    first, second = (asked for name, asked in server.asked if name == "100.dat")
    assert first is None
    assert second is not None
    # The piece that was on its way when the connection ended is lost, no more than that.
    start = int(second.removeprefix("bytes=").rstrip("-"))
    assert len(BIG) // 2 - 65536 < start <= len(BIG) // 2
    assert report.n_bytes == sum(len(server.files[name]) for name in NAMES)  # nothing came twice


def test_a_part_of_an_earlier_download_is_resumed(server: Server, tmp_path: Path) -> None:
    (tmp_path / "100.dat.part").write_bytes(BIG[:1000])
    fetch(server, tmp_path)
    assert_complete(server, tmp_path)
    assert ("100.dat", "bytes=1000-") in server.asked


def test_a_part_that_is_already_whole(server: Server, tmp_path: Path) -> None:
    (tmp_path / "100.dat.part").write_bytes(BIG)
    fetch(server, tmp_path)
    assert_complete(server, tmp_path)


@pytest.mark.parametrize("part", [b"other bytes", BIG + b"too long"])
def test_a_part_of_something_else_starts_over(server: Server, tmp_path: Path, part: bytes) -> None:
    (tmp_path / "100.dat.part").write_bytes(part)
    fetch(server, tmp_path)
    assert_complete(server, tmp_path)


def test_a_server_that_ignores_ranges(server: Server, tmp_path: Path) -> None:
    server.ranges = False
    server.drop["100.dat"] = 1
    fetch(server, tmp_path)
    assert_complete(server, tmp_path)


def test_503_is_tried_again_after_longer_and_longer_waits(server: Server, tmp_path: Path) -> None:
    server.fail = {SUMS: 1, "100.dat": 3}
    waits: list[float] = []
    fetch(server, tmp_path, wait=waits.append)
    assert_complete(server, tmp_path)
    assert waits == [0.5, 0.5, 1.0, 2.0]


def test_corrupted_once(server: Server, tmp_path: Path) -> None:
    server.corrupt["100.dat"] = 1
    fetch(server, tmp_path)
    assert_complete(server, tmp_path)


def test_corrupted_always(server: Server, tmp_path: Path) -> None:
    server.corrupt["100.dat"] = 99
    with pytest.raises(EcgError) as caught:
        fetch(server, tmp_path, retries=2)
    message = str(caught.value)
    assert "100.dat: wrong checksum after 3 attempts" in message
    assert hashlib.sha256(BIG).hexdigest() in message
    assert hashlib.sha256(bytes(b ^ 1 for b in BIG)).hexdigest() in message
    assert not list(tmp_path.glob("100.dat*"))


def test_a_connection_that_always_drops_leaves_a_part_to_go_on_from(server: Server, tmp_path: Path) -> None:
    server.drop["100.dat"] = 2
    with pytest.raises(
        EcgError, match=r"mitdb from .*/100\.dat: the answer broke off before the [0-9,]+ announced bytes were there"
    ):
        fetch(server, tmp_path, retries=1)
    part = (tmp_path / "100.dat.part").read_bytes()
    assert len(part) > len(BIG) // 2
    assert BIG.startswith(part)
    fetch(server, tmp_path)
    assert_complete(server, tmp_path)
    assert ("100.dat", f"bytes={len(part)}-") in server.asked


def test_no_network_says_so_in_one_line_with_three_ways_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    waits: list[float] = []
    with pytest.raises(EcgError) as caught:
        download(MITDB, tmp_path / "mitdb", base_url="http://127.0.0.1:9/", retries=2, wait=waits.append)
    message = str(caught.value)
    assert waits == [0.5, 1.0]
    assert "\n" not in message
    assert "cannot download mitdb from http://127.0.0.1:9/SHA256SUMS.txt: no network" in message
    for way in (f"fill {tmp_path / 'mitdb'}", "data_dir=", "dataset.source=synthetic"):
        assert way in message
    assert not (tmp_path / "mitdb").exists()


def test_a_file_the_server_does_not_have(server: Server, tmp_path: Path) -> None:
    del server.files["100.hea"]
    with pytest.raises(EcgError, match=r"100\.hea: the server answered 404"):
        fetch(server, tmp_path)
    with pytest.raises(EcgError, match=r"SHA256SUMS\.txt does not list 999\.dat \(4 entries\)"):
        fetch(server, tmp_path, files=["999.dat"])


def test_a_mirror_without_the_mitdb_records(server: Server, tmp_path: Path) -> None:
    with pytest.raises(EcgError, match=r"does not list 100\.atr, 101\.hea"):
        fetch(server, tmp_path, files=None)


@pytest.mark.parametrize(
    ("name", "files", "unused"),
    [
        ("ptbdb", PTBDB, {"CONTROLS", "patient001/s0010_re.xyz"}),
        (
            "ptb-xl",
            PTBXL,
            {"example_physionet.py", "records100/00000/00001_lr.hea", "records100/00000/00001_lr.dat"},
        ),
    ],
)
def test_what_the_databases_of_mi_need_is_fetched_no_more_and_resumed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, files: dict[str, bytes], unused: set[str]
) -> None:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    server, folder = Server(files), tmp_path / name
    needed = sorted(set(files) - unused)
    biggest = max(needed, key=lambda file: len(files[file]))
    try:
        server.drop[biggest] = 1
        with pytest.raises(EcgError, match=f"cannot download {name}"):
            download(DATABASES[name], folder, base_url=server.url, retries=0, wait=lambda _: None)
        there = {file.relative_to(folder).as_posix() for file in folder.rglob("*") if file.is_file()}
        assert f"{biggest}.part" in there
        server.asked.clear()
        report = download(DATABASES[name], folder, base_url=server.url, wait=lambda _: None)
        assert sorted((*report.fetched, *report.kept)) == needed
        assert report.kept  # what came before the connection ended is not fetched again
        assert [file for file, _ in server.asked if file in report.kept] == []
        assert dict(server.asked)[biggest] is not None  # and the half-fetched file goes on where it was
        for file in needed:
            assert (folder / file).read_bytes() == files[file]
        assert not any((folder / file).exists() for file in unused)
        server.asked.clear()
        assert download(DATABASES[name], folder, base_url=server.url).fetched == ()
        assert server.asked == []
    finally:
        server.http.shutdown()
        server.http.server_close()


def test_names_that_leave_the_folder_are_refused(server: Server, tmp_path: Path) -> None:
    server.files[SUMS] += b"0" * 64 + b" ../evil\n"
    with pytest.raises(EcgError, match=r"outside its folder: \.\./evil"):
        fetch(server, tmp_path)


def test_a_full_disk(server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class FullDisk(io.FileIO):
        def write(self, _: Any) -> int:
            raise OSError(errno.ENOSPC, "No space left on device")

    plain_open = Path.open

    def open_(path: Path, mode: str = "r", *args: Any, **kwargs: Any) -> Any:
        full = path.name == "100.dat.part" and mode in ("wb", "ab")
        return FullDisk(path, mode) if full else plain_open(path, mode, *args, **kwargs)

    monkeypatch.setattr(Path, "open", open_)
    with pytest.raises(EcgError) as caught:
        fetch(server, tmp_path)
    message = str(caught.value)
    assert f"the disk of {tmp_path} is full: 100.dat needs {len(BIG):,} bytes more" in message
    assert not list(tmp_path.glob("*.part"))


def test_a_folder_that_cannot_be_made(server: Server, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(EcgError, match="cannot write to"):
        fetch(server, tmp_path / "file" / "mitdb")


@pytest.mark.real
@pytest.mark.parametrize(("name", "files"), [("mitdb", 1 + 3 * 48), ("svdb", 1 + 3 * 78)])
def test_the_real_folder_verifies_without_network(ecg_data: Path, name: str, files: int) -> None:
    report = download(DATABASES[name], ecg_data / name, base_url="http://127.0.0.1:9/", retries=0)
    assert report.fetched == ()
    assert len(report.kept) == files
