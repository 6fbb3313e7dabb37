"""Decisions of the search that need no database."""

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from tests.modules.search.golden import ndcg
from threadly.modules.search.repository.finding import Expansion
from threadly.modules.search.rules.fusing import fuse
from threadly.modules.search.rules.highlights import EXCERPT_LENGTH, excerpt_of, mark, words_in
from threadly.modules.search.rules.planning import LONGEST_QUESTION, clean_question, has_meaning, make_plan
from threadly.modules.search.verbs.finding import MEANT_WEIGHT, SAID_WEIGHT


def word(token: str, how: str = "exact", word: str = "", documents: int = 10, position: int = 1) -> Expansion:
    return Expansion(position, token, how, word or token, word or token, documents)


@given(st.text())
def test_marking_loses_nothing_and_marks_whole_words(text: str) -> None:
    words = sorted(words_in([text]))
    stems = {each: each for each in words}
    parts = mark(text, stems=stems, lexemes=set(words[::2]))
    assert "".join(part.text for part in parts) == text
    assert {part.text.lower() for part in parts if part.marked} <= set(words[::2])


@given(st.text(alphabet="ab <&\n", max_size=2_000))
def test_an_excerpt_is_short_and_shows_what_matched(text: str) -> None:
    stems = {each: each for each in words_in([text])}
    parts = excerpt_of(text, stems=stems, lexemes={"ab"})
    assert len("".join(part.text for part in parts)) <= EXCERPT_LENGTH + 2
    assert any(part.marked for part in parts) == ("ab" in stems)


def test_a_ranking_of_both_is_led_by_what_both_have() -> None:
    said, meant = [("a", 1.0), ("b", 1.0), ("c", 1.0)], [("b", 1.0), ("d", 1.0), ("c", 1.0)]
    assert fuse(said, meant) == ["b", "c", "a", "d"]
    assert fuse([("partly", 0.3)], [("meant", 1.0)]) == ["meant", "partly"]
    assert fuse([], []) == []


def test_on_a_first_page_the_very_words_stand_above_what_only_means_them() -> None:
    said = [(f"said {place}", SAID_WEIGHT) for place in range(20)]
    assert fuse(said, [("meant", MEANT_WEIGHT)])[-1] == "meant"


@given(st.text())
def test_a_question_is_cleaned_once(text: str) -> None:
    cleaned = clean_question(text)
    assert clean_question(cleaned) == cleaned
    assert len(cleaned) <= LONGEST_QUESTION
    assert "\x00" not in cleaned


def test_a_word_that_nobody_wrote_stands_for_those_near_it() -> None:
    near = [
        word("pyhton", "similar", "python", 40),
        word("pyhton", "similar", "pythons", 9),
        word("pyhton", "similar", "phantom", 90),
    ]
    plan = make_plan("pyhton", [word("pyhton", documents=0), *near], documents=1_000)
    assert plan
    assert plan.corrected == "python"
    assert "'python'" in plan.wanted
    assert "phantom" not in plan.wanted
    # Once people write it, it is a word, unless many more write the other.
    assert make_plan("pyhton", [word("pyhton", documents=5), *near], documents=1_000) == make_plan(
        "pyhton", [word("pyhton", documents=5)], documents=1_000
    )
    uncorrected = make_plan("pyhton", [word("pyhton", documents=0), *near], documents=1_000, correcting=False)
    assert uncorrected
    assert (uncorrected.corrected, uncorrected.wanted) == (None, "('pyhton')")


def test_rare_words_count_more_and_what_all_have_is_sampled() -> None:
    rare, common = word("zeppelin", documents=3), word("today", documents=5_000, position=2)
    plan = make_plan("zeppelin today", [rare, common], documents=100_000)
    assert plan
    assert plan.weights[0] > 2 * plan.weights[1]
    assert (plan.whole, plan.wanted) == ("('zeppelin') & ('today')", "('zeppelin')")
    assert not plan.frequent
    everywhere = make_plan("today", [word("today", documents=50_000)], documents=100_000)
    assert everywhere
    assert everywhere.frequent
    assert make_plan("the", [msgspec.structs.replace(word("the"), lexeme=None)], documents=5) is None


def test_the_measure_is_one_for_the_best_order_and_less_for_any_other() -> None:
    judged = {"a": 3, "b": 1}
    assert ndcg(["a", "b", "x"], judged) == 1
    assert 0 < ndcg(["b", "a"], judged) < 1
    assert ndcg(["x"], judged) == 0


def test_what_the_model_has_no_word_of_is_not_looked_for_by_meaning() -> None:
    for question in ("日本", "!!!", "c++", "пайтон", "القهوة", "@annc97b4a", "12:30"):
        assert not has_meaning(question), question
    for question in ("cordless headset", "tea", "café", "what is 日本", "mail ann@example.com"):
        assert has_meaning(question), question
