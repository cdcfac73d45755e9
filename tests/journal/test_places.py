"""Places by key are those that a plain mapping would have, whatever the keys."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from cassia_engine.journal.places import Place, PlaceIndex

# Alike in their beginnings and full of repeats, so that a key is also found across the entries of others.
KEYS = [bytes([0, 0] * 16), bytes([0, 1] * 16), bytes([0, 2] * 16), bytes([1] * 32), bytes([255] * 32)]
STEPS = st.tuples(st.sampled_from(["add", "drop"]), st.sampled_from(KEYS), st.integers(0, 2))


@given(steps=st.lists(STEPS, max_size=40))
def test_places_are_those_of_a_mapping(steps: list[tuple[str, bytes, int]]) -> None:
    places, expected = PlaceIndex(), dict[bytes, list[Place]]()
    for number, (what, key, crc) in enumerate(steps):
        if what == "add":
            place = Place(0, number * 2**33, number, crc)
            places.add(key, place)
            expected.setdefault(key, []).append(place)
        else:
            places.drop(key, crc)
            expected[key] = [place for place in expected.get(key, []) if place.crc != crc]
        assert {key: places.first(key) for key in KEYS} == {
            key: next(iter(expected.get(key, [])), None) for key in KEYS
        }
        assert len(places) == sum(map(bool, expected.values()))
        assert [key for key in KEYS if key in places] == [key for key in KEYS if expected.get(key)]
    # Those behind the first ones come to light when these are dropped.
    for key, left in expected.items():
        while first := places.first(key):
            assert first == left[0]
            places.drop(key, first.crc)
            left = [one for one in left if one.crc != first.crc]
        assert not left
