import io
import json
import pickle
import warnings
import zipfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from nanobook.errors import FileFormatError, ValidationError
from nanobook.persistence.npz import read_npz, write_npz
from nanobook.types.records import FILL

in_one_folder = settings(suppress_health_check=[HealthCheck.function_scoped_fixture])

headers = st.dictionaries(
    st.text(min_size=1, max_size=5).filter(lambda name: name not in ("kind", "version")),
    st.recursive(
        st.one_of(st.none(), st.booleans(), st.integers(), st.text(max_size=5), st.floats()),
        lambda inner: st.one_of(
            st.lists(inner, max_size=2), st.dictionaries(st.text(max_size=3), inner, max_size=2)
        ),
        max_leaves=4,
    ),
    max_size=3,
)
dtypes = st.sampled_from(["i8", "i4", "u1", "f8", "f4", "?", ">f8", "U3", "M8[ns]"])
array_sets = st.dictionaries(
    st.sampled_from(["money", "returns", "prices", "index"]),
    hnp.arrays(dtypes, hnp.array_shapes(min_dims=0, max_dims=2, min_side=0, max_side=4)),
    max_size=3,
)


def written(folder, arrays=None, header=None):
    path = folder / "run.npz"
    arrays = (
        {"money": np.arange(200.0), "names": np.array(["A", "B"])} if arrays is None else arrays
    )
    write_npz(path, "backtest", {"ppy": 252.0} if header is None else header, arrays)
    return path


def zipped(path, **members):
    """Write a zip archive by hand, of bytes by name."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(f"{name}.npy", content)


def npy(array, **options):
    file = io.BytesIO()
    np.save(file, array, **options)
    return file.getvalue()


def header_of(**fields):
    return npy(np.frombuffer(json.dumps(fields).encode(), np.uint8))


# ---- there and back ----------------------------------------------------------------------------


@pytest.mark.core
@in_one_folder
@given(headers, array_sets)
def test_what_is_written_is_read(tmp_path, header, arrays):
    path = written(tmp_path, arrays, header)
    header_back, arrays_back = read_npz(path, "backtest")
    expected = {"kind": "backtest", "version": 1, **header}
    assert json.dumps(header_back) == json.dumps(expected)
    assert arrays_back.keys() == arrays.keys()
    for name, array in arrays.items():
        back = arrays_back[name]
        assert (back.dtype, back.shape) == (array.dtype, array.shape)
        assert back.tobytes() == array.tobytes()
    assert [path.name for path in tmp_path.iterdir()] == ["run.npz"]


@pytest.mark.core
def test_records_are_read_with_their_dtype(tmp_path):
    fills = np.zeros(3, FILL)
    fills["bar"], fills["price"] = [1, 2, 3], [0.5, np.nan, -1.0]
    _, arrays = read_npz(written(tmp_path, {"fills": fills}), "backtest")
    assert arrays["fills"].dtype == FILL
    for field in FILL.names:
        np.testing.assert_array_equal(arrays["fills"][field], fills[field])


@pytest.mark.core
@pytest.mark.parametrize("name", ["run", "run.backtest", "run.npz", "a b.npz"])
def test_the_name_is_taken_as_it_is(tmp_path, name):
    for path in (tmp_path / name, str(tmp_path / name)):
        write_npz(path, "backtest", {}, {})
        assert [path.name for path in tmp_path.iterdir()] == [name]
        assert read_npz(path, "backtest") == ({"kind": "backtest", "version": 1}, {})


@pytest.mark.core
@pytest.mark.parametrize("order", ["C", "F"])
def test_layouts_and_slices_are_kept_by_value(tmp_path, order):
    matrix = np.array(np.arange(12.0).reshape(3, 4), order=order)
    path = written(tmp_path, {"whole": matrix, "part": matrix[::2, 1::2]})
    _, arrays = read_npz(path, "backtest")
    np.testing.assert_array_equal(arrays["whole"], matrix)
    np.testing.assert_array_equal(arrays["part"], matrix[::2, 1::2])


@pytest.mark.core
def test_the_file_is_closed_after_reading(tmp_path):
    path = written(tmp_path)
    with warnings.catch_warnings():
        warnings.simplefilter("error", ResourceWarning)
        _, arrays = read_npz(path, "backtest")
        path.unlink()
    assert arrays["money"][-1] == 199.0


# ---- writing -----------------------------------------------------------------------------------


class Trap:
    """Leaves a file where it's unpickled."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return Path.touch, (Path(self.path),)


@pytest.mark.parametrize(
    "array", [np.array([object()]), np.array(["a", None]), np.zeros(1, dtype=[("x", object)])]
)
def test_objects_are_refused_before_anything_is_written(tmp_path, array):
    path = written(tmp_path)
    before = path.read_bytes()
    with pytest.raises(ValidationError):
        write_npz(path, "backtest", {}, {"fine": np.ones(2), "objects": array})
    assert path.read_bytes() == before
    assert [path.name for path in tmp_path.iterdir()] == ["run.npz"]


@pytest.mark.core
def test_a_header_that_json_cant_hold_leaves_the_old_file(tmp_path):
    path = written(tmp_path)
    before = path.read_bytes()
    with pytest.raises(TypeError):
        write_npz(path, "backtest", {"x": object()}, {})
    assert path.read_bytes() == before


# ---- reading what isn't one --------------------------------------------------------------------


@pytest.mark.core
def test_a_file_that_isnt_there_is_told_of_as_such(tmp_path):
    with pytest.raises(FileNotFoundError) as caught:
        read_npz(tmp_path / "none.npz", "backtest")
    assert not isinstance(caught.value, FileFormatError)


@pytest.mark.core
def test_a_folder_is_no_file(tmp_path):
    with pytest.raises(FileFormatError):
        read_npz(tmp_path, "backtest")


@pytest.mark.core
def test_another_kind_or_version_is_told_of_by_name(tmp_path):
    path = written(tmp_path)
    with pytest.raises(FileFormatError, match=r"holds 'backtest' version 1, expected 'sweep' 1"):
        read_npz(path, "sweep")
    zipped(path, header=header_of(kind="backtest", version=2))
    with pytest.raises(FileFormatError, match=r"holds 'backtest' version 2, expected 'backtest' 1"):
        read_npz(path, "backtest")


@pytest.mark.core
@pytest.mark.parametrize(
    "content",
    [
        *(b"", b"PK", b"PK\x03\x04", b"\x93NUMPY", b"date,A\n2024-01-01,1.0\n", b"{}", b"\0" * 99),
        *(npy(np.arange(3)), npy(np.array([1, None]), allow_pickle=True), pickle.dumps([1, 2])),
    ],
    ids=lambda content: repr(content[:8]),
)
def test_a_file_of_another_format_is_told_of_as_such(tmp_path, content):
    path = tmp_path / "other"
    path.write_bytes(content)
    with pytest.raises(FileFormatError, match="other"):
        read_npz(path, "backtest")


@pytest.mark.core
@pytest.mark.parametrize(
    "members",
    [
        {},
        {"money": npy(np.ones(3))},
        {"header": npy(np.ones(3))},
        {"header": npy(np.array(["x"]))},
        {"header": npy(np.float64(1))},
        {"header": b"{}"},
        {"header": b""},
        {"header": npy(np.frombuffer(b"[1, 2]", np.uint8))},
        {"header": npy(np.frombuffer(b"5", np.uint8))},
        {"header": npy(np.frombuffer(b"{", np.uint8))},
        {"header": npy(np.frombuffer(b"\xff\xfe", np.uint8))},
        {"header": npy(np.frombuffer(b"[" * 100_000, np.uint8))},
        {"header": header_of()},
        {"header": header_of(kind="backtest")},
        {"header": header_of(version=1)},
        {"header": header_of(kind="backtest", version=1), "money": b"not an array"},
        {"header": header_of(kind="backtest", version=1), "money": npy(np.ones(9))[:100]},
        {"header": header_of(kind="backtest", version=1), "money": npy(np.ones(9))[:-1]},
    ],
    ids=lambda members: " ".join(f"{k}:{len(v)}" for k, v in members.items()) or "nothing",
)
def test_an_archive_of_other_things_is_told_of_as_such(tmp_path, members):
    path = tmp_path / "run.npz"
    zipped(path, **members)
    with pytest.raises(FileFormatError, match=r"run\.npz"):
        read_npz(path, "backtest")


@pytest.mark.core
@pytest.mark.parametrize("place", ["header", "money", "alone"])
def test_objects_are_never_unpickled(tmp_path, place):
    path, sprung = tmp_path / "run.npz", tmp_path / "sprung"
    trap = npy(np.array([Trap(str(sprung))], dtype=object), allow_pickle=True)
    if place == "alone":
        path.write_bytes(pickle.dumps(Trap(str(sprung))))
    else:
        zipped(path, **{"header": header_of(kind="backtest", version=1), place: trap})
    with pytest.raises(FileFormatError):
        read_npz(path, "backtest")
    assert not sprung.exists()
    pickle.loads(pickle.dumps(Trap(str(sprung))))
    assert sprung.exists(), "the trap doesn't work"


def test_an_array_that_claims_to_be_huge_is_told_of_as_damaged(tmp_path):
    whole = npy(np.ones(9))
    claim = whole.replace(b"(9,), }" + b" " * 12, b"(9" + b"0" * 12 + b",), }")
    assert claim != whole
    assert len(claim) == len(whole)
    path = tmp_path / "run.npz"
    zipped(path, header=header_of(kind="backtest", version=1), money=claim)
    with pytest.raises(FileFormatError):
        read_npz(path, "backtest")


def read_or_refuse(path):
    """Read a file that may be damaged: anything but FileFormatError goes up."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of the zip reader, on odd names
            return read_npz(path, "backtest")
    except FileFormatError:
        return None


@in_one_folder
@given(st.floats(0, 1, exclude_max=True))
def test_a_file_cut_off_is_told_of_as_damaged(tmp_path, share):
    path = written(tmp_path)
    content = path.read_bytes()
    path.write_bytes(content[: int(share * len(content))])
    assert read_or_refuse(path) is None


@settings(in_one_folder, max_examples=150)
@given(st.lists(st.tuples(st.floats(0, 1, exclude_max=True), st.integers(0, 255)), max_size=3))
def test_flipped_bytes_are_told_of_or_change_nothing(tmp_path, flips):
    path = written(tmp_path)
    content = bytearray(path.read_bytes())
    for where, value in flips:
        content[int(where * len(content))] = value
    path.write_bytes(content)
    back = read_or_refuse(path)
    if back is not None and "money" in back[1]:
        np.testing.assert_array_equal(back[1]["money"], np.arange(200.0))


def test_any_single_flipped_byte_is_told_of_or_changes_nothing(tmp_path):
    path = written(tmp_path, {"money": np.arange(20.0)})
    content = path.read_bytes()
    leaks = set()
    for at in range(len(content)):
        for flip in (0x01, 0xFF):
            damaged = bytearray(content)
            damaged[at] ^= flip
            path.write_bytes(damaged)
            try:
                read_or_refuse(path)
            except Exception as error:
                leaks.add(type(error).__name__)
    assert not leaks


@settings(in_one_folder, max_examples=150)
@given(st.integers(0, 127), st.integers(0, 255), st.sampled_from(["header", "money"]))
def test_a_damaged_array_in_a_whole_archive_is_told_of_or_read(tmp_path, at, value, place):
    members = {"header": header_of(kind="backtest", version=1), "money": npy(np.ones(9))}
    damaged = bytearray(members[place])
    damaged[at] = value
    path = tmp_path / "run.npz"
    zipped(path, **{**members, place: bytes(damaged)})
    back = read_or_refuse(path)
    assert back is None or all(type(array) is np.ndarray for array in back[1].values())


@in_one_folder
@given(st.binary(max_size=300), st.sampled_from([b"", b"PK\x03\x04", b"\x93NUMPY\x01\0", b"\x80"]))
def test_any_bytes_are_told_of_as_no_such_file(tmp_path, content, magic):
    path = tmp_path / "any"
    path.write_bytes(magic + content)
    assert read_or_refuse(path) is None


@in_one_folder
@given(st.dictionaries(st.sampled_from(["header", "money"]), st.binary(max_size=200), max_size=2))
def test_any_members_are_told_of_as_no_such_file(tmp_path, members):
    path = tmp_path / "any"
    zipped(path, **members)
    assert read_or_refuse(path) is None
