"""What visitors liked, as a file keeps it."""

import json
from concurrent.futures import ThreadPoolExecutor

from assistant.page.feedback import LONGEST_TEXT, Feedback


def lines(path):
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def test_a_verdict_is_one_line_with_a_time_in_utc_and_nothing_about_the_visitor(tmp_path):
    path = tmp_path / "made" / "feedback.jsonl"
    Feedback(path).add(False, "What\nnow?", "Über 1\u2028line")
    (kept,) = lines(path) if "\u2028" not in path.read_text() else [json.loads(path.read_text())]
    assert kept["time"].endswith("Z")
    assert (kept["liked"], kept["question"], kept["answer"]) == (False, "What\nnow?", "Über 1\u2028line")
    assert len(kept) == 4


def test_long_texts_are_cut(tmp_path):
    path = tmp_path / "feedback.jsonl"
    Feedback(path).add(True, "q" * 10_000, "a" * 10_000)
    (kept,) = lines(path)
    assert len(kept["question"]) == len(kept["answer"]) == LONGEST_TEXT


def test_what_utf_8_cannot_hold_is_kept_as_far_as_it_goes(tmp_path):
    path = tmp_path / "feedback.jsonl"
    Feedback(path).add(True, "a\ud800b", "")
    assert lines(path)[0]["question"] == "a?b"


def test_a_full_file_takes_no_more_and_says_so_once(tmp_path, caplog):
    path = tmp_path / "feedback.jsonl"
    feedback = Feedback(path, largest=300)
    for _ in range(10):
        feedback.add(True, "question", "answer")
    assert 1 <= len(lines(path)) < 10
    assert path.stat().st_size <= 300
    assert caplog.text.count("nothing is added") == 1


def test_a_place_that_cannot_be_written_costs_one_line_in_the_log(tmp_path, caplog):
    (tmp_path / "file").write_text("")
    feedback = Feedback(tmp_path / "file" / "feedback.jsonl")
    for _ in range(3):
        feedback.add(True, "q", "a")
    assert caplog.text.count("is not kept") == 1
    (tmp_path / "file").unlink()
    feedback.add(True, "q", "a")
    assert len(lines(tmp_path / "file" / "feedback.jsonl")) == 1


def test_lines_of_many_threads_do_not_mix(tmp_path):
    path = tmp_path / "feedback.jsonl"
    feedback = Feedback(path)
    with ThreadPoolExecutor(8) as threads:
        list(threads.map(lambda n: feedback.add(True, str(n), "x" * 1000), range(200)))
    assert sorted(int(kept["question"]) for kept in lines(path)) == list(range(200))
