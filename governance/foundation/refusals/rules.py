"""How often the same refusal is told, so that a loop cannot fill the trail. Pure."""

MOST_A_DAY = 200  # different refusals of one person; whatever comes beyond them is counted as one


def is_told(times: int) -> bool:
    """Whether the so-manieth refusal of a day goes on record: the first, the tenth, the hundredth and so on."""
    return times > 0 and str(times).strip("0") == "1"
