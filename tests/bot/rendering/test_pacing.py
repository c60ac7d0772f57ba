from bot.rendering.pacing import Pacing


def edit(pacing: Pacing, now: float, took: float, *, succeeded: bool = True) -> float:
    """One edit as soon as it is due; the time when it is over."""
    began = now + pacing.wait(now)
    pacing.record(began, began + took, succeeded=succeeded)
    return began + took


def test_the_first_edit_is_due_at_once_and_the_next_after_the_interval() -> None:
    pacing = Pacing(1.0)
    assert pacing.wait(5.0) == 0
    assert edit(pacing, 5.0, 0.1) == 5.1
    assert pacing.wait(5.1) == 1.0
    assert pacing.wait(5.6) == 0.5


def test_edits_become_rarer_while_discord_is_slow_and_frequent_again_after() -> None:
    pacing, now = Pacing(1.0), 0.0
    for _ in range(4):
        now = edit(pacing, now, 3.0)
    assert pacing.interval == 6.0
    for _ in range(20):
        now = edit(pacing, now, 0.1)
    assert pacing.interval == 1.0


def test_failures_make_edits_rarer_up_to_a_bound() -> None:
    pacing, now = Pacing(1.0), 0.0
    for _ in range(30):
        now = edit(pacing, now, 0.1, succeeded=False)
    assert 10 < pacing.interval <= 20
