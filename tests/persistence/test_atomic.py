import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import nanobook
from nanobook.persistence.atomic import atomic_write


def files_in(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir()}


@pytest.mark.core
@pytest.mark.parametrize("kind", [str, Path])
def test_a_new_file_is_there_when_the_block_has_ended(tmp_path, kind):
    path = tmp_path / "new.bin"
    with atomic_write(kind(path)) as file:
        file.write(b"one")
        assert not path.exists()
        file.write(b", two")
    assert files_in(tmp_path) == {"new.bin": b"one, two"}


@pytest.mark.core
def test_an_old_file_is_whole_until_then(tmp_path):
    path = tmp_path / "kept.bin"
    path.write_bytes(b"old")
    with atomic_write(path) as file:
        file.write(b"a much longer new one")
        file.flush()
        assert path.read_bytes() == b"old"
    assert files_in(tmp_path) == {"kept.bin": b"a much longer new one"}


@pytest.mark.core
@pytest.mark.parametrize("old", [None, b"old"])
@pytest.mark.parametrize("failure", [ValueError, OSError, KeyboardInterrupt, SystemExit])
def test_a_failure_leaves_the_old_file_and_no_parts(tmp_path, old, failure):
    path = tmp_path / "kept.bin"
    if old is not None:
        path.write_bytes(old)
    before = files_in(tmp_path)

    def write():
        with atomic_write(path) as file:
            file.write(b"half of it")
            file.flush()
            raise failure

    with pytest.raises(failure):
        write()
    assert files_in(tmp_path) == before


@pytest.mark.core
def test_a_block_that_closes_the_file_itself_leaves_no_parts(tmp_path):
    path = tmp_path / "kept.bin"
    path.write_bytes(b"old")
    with pytest.raises(ValueError, match="closed file"), atomic_write(path) as file:
        file.close()
    assert files_in(tmp_path) == {"kept.bin": b"old"}


@pytest.mark.core
def test_nothing_written_is_an_empty_file(tmp_path):
    with atomic_write(tmp_path / "empty.bin"):
        pass
    assert files_in(tmp_path) == {"empty.bin": b""}


@pytest.mark.core
@pytest.mark.parametrize("name", ["no/such/folder.bin", "a file/inside.bin"])
def test_a_place_that_isnt_there_is_an_os_error(tmp_path, name):
    (tmp_path / "a file").write_bytes(b"")
    with (
        pytest.raises(OSError, match=r"No such file or directory|Not a directory"),
        atomic_write(tmp_path / name),
    ):
        pytest.fail("there's nothing to write to")
    assert files_in(tmp_path) == {"a file": b""}


@pytest.mark.core
def test_a_folder_isnt_replaced(tmp_path):
    folder = tmp_path / "folder"
    folder.mkdir()
    with pytest.raises(OSError, match="folder"), atomic_write(folder) as file:
        file.write(b"x")
    assert [path.name for path in tmp_path.iterdir()] == ["folder"]


@pytest.mark.core
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.binary(max_size=2000), max_size=6), st.binary(max_size=50))
def test_bytes_are_kept_as_they_are(tmp_path, chunks, old):
    path = tmp_path / "chunks.bin"
    path.write_bytes(old)
    with atomic_write(path) as file:
        for chunk in chunks:
            file.write(chunk)
    assert files_in(tmp_path) == {"chunks.bin": b"".join(chunks)}


@pytest.mark.core
def test_of_writers_at_once_one_wins_whole(tmp_path):
    path = tmp_path / "shared.bin"
    start = threading.Barrier(8)

    def write(letter):
        start.wait()
        for _ in range(10):
            with atomic_write(path) as file:
                for _ in range(20):
                    file.write(letter * 100)

    letters = [bytes([65 + k]) for k in range(8)]
    threads = [threading.Thread(target=write, args=(letter,)) for letter in letters]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert list(files_in(tmp_path)) == ["shared.bin"]
    assert path.read_bytes() in [letter * 2000 for letter in letters]


@pytest.mark.core
def test_a_process_that_dies_leaves_the_old_file(tmp_path):
    path = tmp_path / "kept.bin"
    path.write_bytes(b"old")
    code = (
        "import os, sys; from nanobook.persistence.atomic import atomic_write\n"
        "with atomic_write(sys.argv[1]) as file:\n"
        "    file.write(b'half'); file.flush(); os._exit(9)"
    )
    command = [sys.executable, "-c", code, str(path)]
    done = subprocess.run(command, check=False, cwd=Path(nanobook.__file__).parents[1])
    assert done.returncode == 9
    assert path.read_bytes() == b"old"


@pytest.mark.skipif(os.name != "posix", reason="modes as on Unix")
def test_a_file_kept_from_others_stays_so(tmp_path):
    path = tmp_path / "private.bin"
    path.write_bytes(b"old")
    path.chmod(0o600)
    with atomic_write(path) as file:
        file.write(b"new")
    assert path.stat().st_mode & 0o777 == 0o600


def test_a_name_as_long_as_names_may_be_is_written(tmp_path):
    path = tmp_path / ("n" * 250 + ".bin")
    path.write_bytes(b"old")
    with atomic_write(path) as file:
        file.write(b"new")
    assert files_in(tmp_path) == {path.name: b"new"}
