"""TFRecord files that are cut off, corrupt, or hold something else."""

import gzip
from pathlib import Path

from bad_input.case import case
from bad_input.spoiling import publish_raw
from recmtl import sample_data
from recmtl.data.datasets.lt4rec import MULTI, SINGLE
from recmtl.testing.tfrecord_writer import Feature, encode_example, frame

NAME = "part-r-00002.gz"
GOOD = gzip.decompress((sample_data.folder() / "video/part-r-00000.gz").read_bytes())
ROW: dict[str, Feature] = {
    "label": 1, "cvrlabel": 0.5, "seqnum": "s1", "pctr": "0.25",
    **dict.fromkeys(SINGLE, "a"), **{name: ["a", "b"] for name in MULTI},
}  # fmt: skip


def split(here: Path, content: bytes, name: str = NAME) -> str:
    publish_raw(here, "lt4rec", {name: content})
    return "split-domains --config lt4rec.json"


def split_rows(here: Path, *rows: dict[str, Feature]) -> str:
    return split(here, b"".join(frame(encode_example(row)) for row in (ROW, *rows)))


def flipped(place: int) -> bytes:
    content = bytearray(GOOD)
    content[place] ^= 1
    return gzip.compress(bytes(content))


@case()
def no_file_of_that_name(here: Path) -> str:
    return split(here, GOOD, "video.gz")


@case()
def the_file_is_cut_off(here: Path) -> str:
    return split(here, GOOD[:5000])


@case()
def the_packed_file_is_cut_off(here: Path) -> str:
    packed = gzip.compress(GOOD)
    return split(here, packed[: len(packed) // 2])


@case()
def the_packed_file_is_corrupt(here: Path) -> str:
    packed = bytearray(gzip.compress(GOOD))
    packed[-8] ^= 1
    return split(here, bytes(packed))


@case()
def the_packed_file_is_empty(here: Path) -> str:
    return split(here, b"")


@case()
def a_flipped_bit_in_a_record(here: Path) -> str:
    return split(here, flipped(100))


@case()
def a_flipped_bit_in_a_length(here: Path) -> str:
    return split(here, flipped(0))


@case()
def the_file_is_no_tfrecord(here: Path) -> str:
    return split(here, b"user_id,item_id,label\n1,2,1\n" * 100)


@case()
def a_record_claims_to_be_huge(here: Path) -> str:
    return split(here, frame(b"x" * (1 << 24) + b"x"))


@case()
def a_record_is_no_example(here: Path) -> str:
    return split(here, frame(b"\x07nonsense"))


@case()
def there_are_no_records(here: Path) -> str:
    return split(here, b"", "part-r-00002")


@case()
def a_feature_is_missing(here: Path) -> str:
    return split(here, frame(encode_example({name: value for name, value in ROW.items() if name != "FEA_VID"})))


@case()
def a_feature_is_of_another_kind(here: Path) -> str:
    return split_rows(here, ROW | {"label": "1"})


@case()
def a_feature_has_several_values(here: Path) -> str:
    return split_rows(here, ROW | {"FEA_VID": ["a", "b"]})


@case()
def a_feature_is_not_utf_8(here: Path) -> str:
    return split_rows(here, ROW | {"FEA_VID": b"caf\xe9"})


@case()
def a_score_is_text(here: Path) -> str:
    return split_rows(here, ROW | {"pctr": "high"})


@case()
def a_score_is_nan(here: Path) -> str:
    return split_rows(here, ROW | {"pctr": "nan"})


@case()
def a_binary_label_is_2(here: Path) -> str:
    return split_rows(here, ROW | {"label": 2})


@case()
def a_share_is_out_of_range(here: Path) -> str:
    return split_rows(here, ROW | {"cvrlabel": 1.5})


@case()
def a_share_is_nan(here: Path) -> str:
    return split_rows(here, ROW | {"cvrlabel": float("nan")})


@case()
def a_record_has_no_domain(here: Path) -> str:
    return split_rows(here, ROW | {"FEA_ALGID": "-1"})
