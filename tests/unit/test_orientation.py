"""How display matrices are read."""

import pytest

from heaters_pipeline.domain.orientation import Orientation

ONE = 1 << 16


@pytest.mark.parametrize(
    ("corner", "orientation"),
    [
        ((ONE, 0, 0, ONE), Orientation(0)),
        ((0, ONE, -ONE, 0), Orientation(90)),
        ((-ONE, 0, 0, -ONE), Orientation(180)),
        ((0, -ONE, ONE, 0), Orientation(270)),
        ((-ONE, 0, 0, ONE), Orientation(0, mirrored=True)),
        ((0, -ONE, -ONE, 0), Orientation(90, mirrored=True)),
        ((ONE, 0, 0, -ONE), Orientation(180, mirrored=True)),
        ((0, ONE, ONE, 0), Orientation(270, mirrored=True)),
        ((2 * ONE, 0, 0, 2 * ONE), Orientation(0)),
        ((ONE, 6000, -6000, ONE), Orientation(0)),
        ((6000, ONE, ONE, -6000), Orientation(270, mirrored=True)),
        ((0, 0, 0, 0), Orientation(0)),
    ],
)
def test_a_matrix_is_the_nearest_of_eight_orientations(
    corner: tuple[int, int, int, int], orientation: Orientation
) -> None:
    a, b, c, d = corner
    assert Orientation.of_matrix((a, b, 0, c, d, 0, 0, 0, 1 << 30)) == orientation


def test_an_image_on_its_side_is_as_wide_as_it_was_high() -> None:
    assert [Orientation(turn, True).swaps_sides for turn in (0, 90, 180, 270)] == [0, 1, 0, 1]
    assert [Orientation(turn, True).keeps_lines for turn in (0, 90, 180, 270)] == [1, 0, 0, 0]
