"""Card formats: published frames, the laws of parity, and everything else refused with its reason."""

import contextlib

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from device.credentials import WIDTHS, format_badge, parse_badge
from device.errors import ConfigError, CredentialError
from device.readers.cards.card_formats import ALIASES, BUILT_IN, CardFormat, checks, unguarded
from device.readers.cards.own_formats import own_card_formats
from device.readers.formats import FormatTable, Refusal, Why, decode, encode, formats_for, wrong_parity
from device.records import Credential
from device.settings.tables import FormatSettings

BY_NAME = {known.name: known for known in BUILT_IN}
USUAL = formats_for(())
PUBLISHED = [
    ("h10301", "10010101000000000010001010", 42, 69),  # AccessGrid's table of formats
    ("h10301", "01110001111100001000000000", 227, 57600),  # jonathansm/wiegand-26bit-calculator
    ("h10306", f"1{0x89D41B81:032b}1", 0x89D4, 0x1B81),  # Civintec's CN56 manual
    ("c1k35s", f"{0x4A72010B3:035b}", 1337, 2137),  # jkramarz/TheTick, pull request 20, from a real reader
    ("h10302", f"{0x584A2B940:037b}", 0, 11850046624),  # flipperzero-firmware, issue 1029, a real card
    ("h10304", f"{0x584A2B940:037b}", 22602, 89248),
    ("csn4", f"{0x04A2B9C1:032b}", 0, 0x04A2B9C1),
    ("csn7", f"{0x04A2B9C1D2E3F4:056b}", 0, 0x04A2B9C1D2E3F4),
]
LAYOUT_26 = BY_NAME["h10301"].layout
EVEN, ODD = BY_NAME["h10301"].parity
MALFORMED = [
    ("PFFFFFFFFNNNNNNNNNNNNNNNNP", (EVEN[:-1], ODD), "parity text 1 has 25 letters, its layout 26"),
    (LAYOUT_26, (EVEN,), "2 P, but not one parity text for each"),
    (LAYOUT_26, (), "2 P, but not one parity text for each"),
    (LAYOUT_26, (EVEN, EVEN), "2 P, but not one parity text for each"),
    (LAYOUT_26, (EVEN, ODD, ODD), "2 P, but not one parity text for each"),
    (LAYOUT_26, (EVEN.replace("E", "X"), ODD), "parity text 1 needs one E or O, and X or a dot otherwise"),
    (LAYOUT_26, (EVEN, ODD.replace("XO", "OO")), "parity text 2 needs one E or O, and X or a dot otherwise"),
    (LAYOUT_26, (EVEN, ODD.replace("X", "x")), "parity text 2 needs one E or O, and X or a dot otherwise"),
    (LAYOUT_26, (EVEN.replace("EX", ".E"), ODD), "parity text 1 has its E or O where the layout has no P"),
    ("PFFFFFFFFFFFFFFFFFFFFFFFFP", (EVEN, ODD), "no N, so that all cards would be one"),
    ("NNNNFFNNNN", (), "the letters N in its layout do not stand together"),
    ("FFNNNNNNFF", (), "the letters F in its layout do not stand together"),
    ("N" * 8, (), "its layout needs 9 to 128 letters, F, N, P or a dot"),
    ("N" * 129, (), "its layout needs 9 to 128 letters, F, N, P or a dot"),
    ("NNNNNNNNnn", (), "its layout needs 9 to 128 letters, F, N, P or a dot"),
    ("", (), "its layout needs 9 to 128 letters, F, N, P or a dot"),
    ("F" * 64 + "N" * 8, (), "its facility code has more than 63 bits"),
    ("PPNNNNNNN", ("EX.......", "XE......."), "its parity bits cover each other"),
]


@st.composite
def own_formats(draw: st.DrawFn) -> FormatSettings:
    """Any format that the settings allow: fields in either order, ignored bits, parity bits that cover anything."""
    parts = draw(
        st.permutations(
            ["F" * draw(st.integers(0, 40)), "N" * draw(st.integers(1, 60)), "P" * draw(st.integers(0, 4)), "."]
        )
    )
    layout = "".join(parts) + "P" * draw(st.integers(0, 3)) + "." * 7
    places = draw(st.permutations([at for at, letter in enumerate(layout) if letter == "P"]))
    texts = []
    for rank, at in enumerate(places):  # no parity bit covers one that comes later: two never cover each other
        free = [index for index in range(len(layout)) if index != at and index not in places[rank:]]
        covered = draw(st.sets(st.sampled_from(free)))
        own = draw(st.sampled_from("EO"))
        texts.append("".join(own if i == at else "X" if i in covered else "." for i in range(len(layout))))
    return FormatSettings(name="acme", layout=layout, parity=tuple(texts))


any_format = st.sampled_from(BUILT_IN) | own_formats().map(lambda own: own_card_formats((own,))[0])


def only(known: CardFormat) -> FormatTable:
    return FormatTable({known.length: (known,)})


@st.composite
def valid_frames(draw: st.DrawFn) -> tuple[CardFormat, Credential, str]:
    """A format, a credential and the frame of its card."""
    known = draw(any_format)
    facility = draw(st.integers(0, (1 << known.layout.count("F")) - 1))
    number = draw(st.integers(0, (1 << known.layout.count("N")) - 1))
    credential = Credential(known.name, facility, number)
    try:
        return known, credential, encode(credential, (known,))
    except CredentialError:  # all ones, all zeros, or number 0: no card is like that
        assume(False)
        raise


def flipped(bits: str, at: int) -> str:
    return bits[:at] + "10"[int(bits[at])] + bits[at + 1 :]


def mended(bits: str, known: CardFormat) -> str:
    """The frame with its parity put right, and its ignored bits as they are."""
    for check in checks(known):
        if check.position in wrong_parity(bits, known):
            bits = flipped(bits, check.position)
    return bits


def refusal_of(bits: str, table: FormatTable = USUAL) -> Refusal:
    read = decode(bits, table)
    assert isinstance(read, Refusal)
    return read


@pytest.mark.parametrize(("name", "bits", "facility", "number"), PUBLISHED)
def test_published_frame_is_read(name: str, bits: str, facility: int, number: int) -> None:
    assert decode(bits, formats_for((name,))) == Credential(name, facility, number)


@pytest.mark.parametrize(("name", "bits", "facility", "number"), PUBLISHED)
def test_published_frame_is_written(name: str, bits: str, facility: int, number: int) -> None:
    assert encode(Credential(name, facility, number)) == bits


@pytest.mark.parametrize("known", BUILT_IN, ids=lambda known: known.name)
def test_fields_have_the_widths_of_the_written_form(known: CardFormat) -> None:
    assert (known.layout.count("F"), known.layout.count("N")) == WIDTHS[known.name]


@given(valid_frames())
def test_card_reads_as_its_credential(frame: tuple[CardFormat, Credential, str]) -> None:
    known, credential, bits = frame
    assert decode(bits, only(known)) == credential


@given(valid_frames())
def test_credential_has_a_written_form(frame: tuple[CardFormat, Credential, str]) -> None:
    _, credential, _ = frame
    assert parse_badge(format_badge(credential)) == credential


@given(valid_frames(), st.data())
def test_flipped_bit_that_parity_covers_is_refused(
    frame: tuple[CardFormat, Credential, str], data: st.DataObject
) -> None:
    known, _, bits = frame
    guarded = sorted(set(range(known.length)) - set(unguarded(known)))
    assume(guarded)
    at = data.draw(st.sampled_from(guarded))
    assert refusal_of(flipped(bits, at), only(known)).why in (Why.WRONG_PARITY, Why.ALL_ONES, Why.ALL_ZEROS)


@pytest.mark.parametrize(("name", "bits"), [(row[0], row[1]) for row in PUBLISHED])
def test_every_single_flipped_bit_is_seen_unless_unguarded(name: str, bits: str) -> None:
    table = formats_for((name,))
    missed = [at for at in range(len(bits)) if isinstance(decode(flipped(bits, at), table), Credential)]
    assert missed == list(unguarded(BY_NAME[name]))


def test_formats_of_the_trade_are_guarded_throughout() -> None:
    assert [known.name for known in BUILT_IN if unguarded(known)] == ["csn4", "csn7"]


@given(st.text("01", max_size=140) | st.text("01", min_size=26, max_size=26) | st.text("01", min_size=35, max_size=35))
@settings(max_examples=300)
def test_any_bits_are_a_credential_or_refused(bits: str) -> None:
    read = decode(bits, USUAL)
    assert isinstance(read, Credential) or bool(read.text and read.hint)


@given(st.text())
def test_anything_at_all_is_a_credential_or_refused(bits: str) -> None:
    assert isinstance(decode(bits, USUAL), Credential | Refusal)


@given(st.text("01", min_size=8, max_size=60))
def test_refusal_holds_none_of_the_frame(bits: str) -> None:
    read = decode(bits, USUAL)
    assert isinstance(read, Credential) or bits not in read.text + read.hint


@given(any_format, st.data())
def test_what_is_read_encodes_to_a_frame_that_reads_the_same(known: CardFormat, data: st.DataObject) -> None:
    read = decode(mended(data.draw(st.text("01", min_size=known.length, max_size=known.length)), known), only(known))
    assume(isinstance(read, Credential))
    assert isinstance(read, Credential)
    # The only frame that is not all zeros may have had an ignored bit set, and is encoded as none then.
    with contextlib.suppress(CredentialError) if "." in known.layout else contextlib.nullcontext():
        assert decode(encode(read, (known,)), only(known)) == read


@pytest.mark.parametrize(
    ("bits", "why", "said"),
    [
        ("", Why.NO_FRAME, "No bits given."),
        ("1012", Why.NO_FRAME, "No bits given."),
        ("\u0661\u0660", Why.NO_FRAME, "No bits given."),
        ("1" * 26, Why.ALL_ONES, "All 26 bits are 1."),
        ("1" * 13, Why.ALL_ONES, "All 13 bits are 1."),
        ("0" * 32, Why.ALL_ZEROS, "All 32 bits are 0."),
        ("01" * 14, Why.UNKNOWN_LENGTH, "No format in use here has 28 bits. In use: 26 (h10301), 32 (csn4), "),
        ("01" * 18 + "1", Why.AMBIGUOUS_LENGTH, "37 bits may be h10302 or h10304: "),
        ("00010101000000000010001010", Why.WRONG_PARITY, "Wrong parity of h10301, at bit 1 of 26."),
        ("10010101000000000010001011", Why.WRONG_PARITY, "Wrong parity of h10301, at bit 26 of 26."),
        ("00010101000000000010001011", Why.WRONG_PARITY, "Wrong parity of h10301, at bit 1 and bit 26 of 26."),
    ],
)
def test_refusal_says_why(bits: str, why: Why, said: str) -> None:
    refused = refusal_of(bits)
    assert (refused.why, refused.text[: len(said)]) == (why, said)


def test_number_zero_without_a_facility_code_is_no_card() -> None:
    assert refusal_of("0" * 36 + "1", formats_for(("h10302",))).why is Why.NUMBER_ZERO


def test_number_zero_of_a_site_is_a_card() -> None:
    assert decode("0" * 25 + "1", USUAL) == Credential("h10301", 0, 0)


@given(st.integers(0, 255), st.integers(0, 65535))
def test_swapped_wires_are_hinted_at(facility: int, number: int) -> None:
    bits = encode(Credential("h10301", facility, number))
    refused = refusal_of(bits.translate(str.maketrans("01", "10")))
    assert (refused.why, "data 0 and data 1 are swapped" in refused.hint) == (Why.WRONG_PARITY, True)


@given(st.integers(0, 4095), st.integers(1, 2**20 - 1))
def test_frame_from_its_end_is_never_taken_without_parity(facility: int, number: int) -> None:
    backwards = encode(Credential("c1k35s", facility, number))[::-1]
    read = decode(backwards, USUAL)
    assert isinstance(read, Credential) or bool({"swapped", "backwards"} & set(read.hint.strip(".").split()))


def test_wire_that_is_cut_is_hinted_at() -> None:
    assert "data 1 may be cut" in refusal_of("0" * 9).hint


@pytest.mark.parametrize(
    ("credential", "said"),
    [
        (Credential("h10301", 256, 1), "The facility code does not fit the format h10301: it has 8 bits for it."),
        (Credential("h10301", 1, 65536), "The number does not fit the format h10301: it has 16 bits for it."),
        (Credential("h10301", 1, -1), "The number does not fit the format h10301"),
        (Credential("h10302", 1, 1), "The facility code does not fit the format h10302: it has 0 bits for it."),
        (Credential("h10302", 0, 0), "No card sends h10302:0: The number is 0"),
        (Credential("csn4", 0, 2**32 - 1), "No card sends csn:FFFFFFFF: All 32 bits are 1."),
        (Credential("number", 0, 5), "There is no card format 'number'."),
    ],
)
def test_credential_that_no_card_has_is_refused(credential: Credential, said: str) -> None:
    with pytest.raises(CredentialError) as refused:
        encode(credential)
    assert refused.value.message[: len(said)] == said


def test_usual_formats_are_those_of_unique_length() -> None:
    assert [known.name for known in USUAL.formats] == ["h10301", "h10306", "c1k35s", "csn4", "csn7"]


@pytest.mark.parametrize("name", ["h10302", "h10304", " H10302 "])
def test_format_of_37_bits_is_read_where_it_is_named(name: str) -> None:
    assert [known.name for known in formats_for((name,)).formats] == [name.strip().lower()]


@pytest.mark.parametrize(
    ("alias", "name"), [*ALIASES.items(), ("26", "h10301"), ("34", "h10306"), ("35", "c1k35s"), ("56", "csn7")]
)
def test_alias_is_its_format(alias: str, name: str) -> None:
    assert formats_for((alias,)) == formats_for((name,))


def test_format_that_is_named_twice_is_one() -> None:
    assert [known.name for known in formats_for(("csn4", "csn32", "32")).formats] == ["csn4"]


@pytest.mark.parametrize(
    ("names", "said", "way_out"),
    [
        (("h10302", "h10304"), "The card formats h10302 and h10304 both have 37 bits", "Keep one of them"),
        (("37",), "'37' names several card formats.", "Choose one of h10302, h10304."),
        (("felica",), "'felica' is not a card format.", "Choose one of h10301, h10306, "),
        (("",), "'' is not a card format.", "Choose one of h10301, "),
        (("x" * 500,), f"'{'x' * 40}' is not a card format.", "Choose one of h10301, "),
    ],
)
def test_choice_that_cannot_be_is_refused(names: tuple[str, ...], said: str, way_out: str) -> None:
    with pytest.raises(ConfigError) as refused:
        formats_for(names)
    assert (refused.value.message[: len(said)], refused.value.hint[: len(way_out)]) == (said, way_out)


ACME = FormatSettings(name="acme", layout="P" + "F" * 10 + "N" * 24 + ".", parity=("E" + "X" * 34 + ".",))
HOUSE = FormatSettings(name="house", layout="N" * 26)


@pytest.mark.parametrize("name", ["acme", "own:acme", "36"])
def test_own_format_is_read_where_it_is_named(name: str) -> None:
    bits = encode(Credential("own:acme", 5, 17), own_card_formats((ACME,)))
    assert decode(bits, formats_for((name,), (ACME,))) == Credential("own:acme", 5, 17)


def test_own_format_of_a_length_of_its_own_is_among_the_usual_ones() -> None:
    assert formats_for((), (ACME,)).formats[-1].name == "own:acme"


def test_own_format_of_a_known_length_has_to_be_chosen() -> None:
    assert refusal_of("01" * 13, formats_for((), (HOUSE,))).text[:37] == "26 bits may be h10301 or own:house: t"


def test_own_format_of_a_known_length_is_read_where_it_is_named() -> None:
    assert decode("01" * 13, formats_for(("house",), (HOUSE,))) == Credential("own:house", 0, 0x1555555)


@pytest.mark.parametrize("name", [*BY_NAME, *ALIASES, "number", "csn10", "own"])
def test_own_format_takes_no_name_that_is_taken(name: str) -> None:
    with pytest.raises(ConfigError, match=f"The card format '{name}' in the settings is wrong: there is a format of"):
        formats_for((), (FormatSettings(name=name, layout="N" * 40),))


def test_two_own_formats_have_two_names() -> None:
    with pytest.raises(ConfigError, match="there is a format of this name already"):
        formats_for((), (ACME, ACME))


@pytest.mark.parametrize(("layout", "parity", "said"), MALFORMED)
def test_malformed_format_is_refused(layout: str, parity: tuple[str, ...], said: str) -> None:
    with pytest.raises(ConfigError) as refused:
        formats_for((), (FormatSettings(name="acme", layout=layout, parity=parity),))
    assert refused.value.message.endswith(f"{said}.")


@given(st.text("FNP.", max_size=20), st.lists(st.text("EOX.", max_size=20), max_size=3))
def test_any_layout_is_a_format_or_refused(layout: str, parity: list[str]) -> None:
    own = FormatSettings(name="acme", layout=layout, parity=tuple(parity))
    try:
        known = own_card_formats((own,))
    except ConfigError:
        known = ()
    assert [len(checks(one)) for one in known] == [layout.count("P")] * len(known)


def test_widest_number_is_read() -> None:
    own = own_card_formats((FormatSettings(name="wide", layout="N" * 127 + ".", parity=()),))
    widest = Credential("own:wide", 0, 2**127 - 1)
    assert decode(encode(widest, own), only(own[0])) == widest


def test_corporate_1000_computes_parity_in_order_of_coverage() -> None:
    assert [check.position for check in checks(BY_NAME["c1k35s"])] == [1, 34, 0]


def test_wrong_parity_is_told_by_position() -> None:
    bits = flipped(encode(Credential("c1k35s", 1, 1)), 0)
    assert wrong_parity(bits, BY_NAME["c1k35s"]) == (0,)
