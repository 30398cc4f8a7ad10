import contextlib
import gzip

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from nanobook.errors import FileFormatError
from nanobook.persistence.jsonl import read_text, write_lines

in_one_folder = settings(suppress_health_check=[HealthCheck.function_scoped_fixture])

texts = st.lists(st.text(st.characters(blacklist_characters="\n", blacklist_categories=["Cs"])))
names = pytest.mark.parametrize("name", ["log.jsonl", "log", "log.jsonl.gz", "log.GZ"])


@pytest.mark.core
@names
@in_one_folder
@given(lines=texts)
def test_what_is_written_is_read(tmp_path, name, lines):
    for path in (tmp_path / name, str(tmp_path / name)):
        write_lines(path, lines)
        assert read_text(path) == "".join(f"{line}\n" for line in lines).encode()
    assert [file.name for file in tmp_path.iterdir()] == [name]


@pytest.mark.core
def test_a_file_is_plain_text_or_gzip(tmp_path):
    write_lines(tmp_path / "a.jsonl", ["one", "zwölf"])
    assert (tmp_path / "a.jsonl").read_bytes() == "one\nzwölf\n".encode()
    write_lines(tmp_path / "a.jsonl.gz", (line for line in ["one", "two"]))
    packed = (tmp_path / "a.jsonl.gz").read_bytes()
    assert gzip.decompress(packed) == b"one\ntwo\n"
    write_lines(tmp_path / "a.jsonl.gz", ["one", "two"])
    assert (tmp_path / "a.jsonl.gz").read_bytes() == packed


@names
def test_many_lines(tmp_path, name):
    lines = [f"line {number}" for number in range(25_001)]
    write_lines(tmp_path / name, lines)
    assert read_text(tmp_path / name).decode().splitlines() == lines


@pytest.mark.core
@names
def test_no_lines(tmp_path, name):
    write_lines(tmp_path / name, [])
    assert read_text(tmp_path / name) == b""


@pytest.mark.core
def test_a_line_that_is_no_text_is_named(tmp_path):
    path = tmp_path / "log.jsonl"
    path.write_bytes(b"one\n\ntw\xff\n")
    with pytest.raises(FileFormatError, match=r"log\.jsonl: line 3: must be UTF-8"):
        read_text(path)


@pytest.mark.core
@names
def test_a_failure_leaves_the_old_file(tmp_path, name):
    def lines():
        yield "new"
        raise KeyError("stop")

    write_lines(tmp_path / name, ["old"])
    with pytest.raises(KeyError):
        write_lines(tmp_path / name, lines())
    assert read_text(tmp_path / name) == b"old\n"
    assert [file.name for file in tmp_path.iterdir()] == [name]


@pytest.mark.core
@pytest.mark.parametrize("name", ["none.jsonl", "none.jsonl.gz"])
def test_a_file_that_isnt_there_is_told_of_as_such(tmp_path, name):
    with pytest.raises(FileNotFoundError):
        read_text(tmp_path / name)


def test_every_cut_of_a_gzip_file_is_told_of(tmp_path):
    path = tmp_path / "log.gz"
    write_lines(path, [f"line {number}" for number in range(50)])
    whole = path.read_bytes()
    for length in range(len(whole)):
        path.write_bytes(whole[:length])
        with pytest.raises(FileFormatError, match=r"log\.gz isn't a whole gzip file"):
            read_text(path)


def test_every_flipped_byte_of_a_gzip_file_is_told_of_or_changes_nothing(tmp_path):
    path = tmp_path / "log.gz"
    lines = [f"line {number}" for number in range(50)]
    write_lines(path, lines)
    whole = path.read_bytes()
    for at in range(len(whole)):
        for flip in (1, 255):
            path.write_bytes(whole[:at] + bytes([whole[at] ^ flip]) + whole[at + 1 :])
            with contextlib.suppress(FileFormatError):
                assert read_text(path).decode().splitlines() == lines


@in_one_folder
@given(st.binary(max_size=200), st.sampled_from([b"", b"\x1f\x8b", b"\x1f\x8b\x08\0\0\0\0\0\0\0"]))
def test_any_bytes_are_read_or_told_of(tmp_path, content, magic):
    for name in ("any", "any.gz"):
        (tmp_path / name).write_bytes(magic + content)
        try:
            text = read_text(tmp_path / name)
        except FileFormatError:
            continue
        text.decode()
