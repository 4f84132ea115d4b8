"""WEPP's dialogue: the answers that a run file gives on standard input, for a hillslope and for a watershed.

The questions depend on the answers before. Names are relative to the folder where WEPP is started.
"""

from collections.abc import Sequence

LONGEST_NAME = 50  # WEPP cuts what is longer and then misses the file
WATERSHED_INPUTS = tuple(f"pw0{suffix}" for suffix in (".str", ".chn", ".man", ".slp", ".cli", ".sol"))


def pass_file(wepp_id: int) -> str:
    """Where a hillslope leaves what its channel receives."""
    return f"H{wepp_id}.pass.txt"


def hillslope_run(wepp_id: int, years: int) -> str:
    """WEPP's answers for one hillslope: `wepp < p1.run` in its folder writes pass, loss, water and event files."""
    return _text(
        *("m", "Yes", "1", "1"),
        *("Yes", pass_file(wepp_id)),
        *("1", "No", f"H{wepp_id}.loss.txt"),
        *("Yes", f"H{wepp_id}.wat.txt"),
        *("No", "No", "No", "No"),
        *("Yes", f"H{wepp_id}.ebe.txt"),
        *("No", "No", "No", "No"),
        *(f"p{wepp_id}{suffix}" for suffix in (".man", ".slp", ".cli", ".sol")),
        *("0", str(years), "0"),
    )


def watershed_run(wepp_ids: Sequence[int], years: int) -> str:
    """WEPP's answers for the channels, after all hillslopes: the structure file counts these in this order."""
    blocks = (line for wepp_id in wepp_ids for line in ("Yes", pass_file(wepp_id), ""))
    return _text(
        *("m", "Yes", "1", "2", "pass_pw0.txt"),
        *(str(len(wepp_ids)), "", *blocks),
        *("No", "No", "1", "loss_pw0.txt"),
        *("Yes", "chnwb.txt"),
        *("No", "No", "No", "No"),
        *("Yes", "ebe_pw0.txt"),
        *("No", "No", "No"),
        *WATERSHED_INPUTS,
        *("0", str(years)),
    )


def _text(*answers: str) -> str:
    long = [answer for answer in answers if len(answer) > LONGEST_NAME]
    if long:
        raise ValueError(f"WEPP reads {LONGEST_NAME} characters of a name, not {long[0]}")
    return "\n".join(answers) + "\n"
