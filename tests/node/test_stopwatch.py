"""How long files take to reach partners, noted without growing for ever."""

from commonsky.domain import EnvelopeHeader, Mode
from commonsky.node import stopwatch
from commonsky.node.stopwatch import Stopwatch


def test_a_file_of_marks_begins_anew_before_it_fills_the_disk(tmp_path, monkeypatch):
    monkeypatch.setattr(stopwatch, "MOST_BYTES", 1_000)
    watch = Stopwatch(tmp_path / "marks.jsonl", lambda: 1.0)
    header = EnvelopeHeader(
        typ="x",
        iss="AUR",
        aud="BOR",
        mode=Mode.REAL,
        gen=1,
        seq=1,
        prev="",
        iat_tai_s=0.0,
        count=1,
        body_sha256="",
    )
    for _ in range(100):
        watch.admitted(header)
    lines = (tmp_path / "marks.jsonl").read_bytes().splitlines()
    assert 1 <= len(lines) < 20
    assert all(b'"admitted"' in line for line in lines)
