"""Limits and windows as numbers, and the settings that name them and the folders."""

from __future__ import annotations

import pytest

from aquatint.domain.budget import SECONDS, Limit, Shortfall, dollars
from aquatint.settings import Settings

pytestmark = pytest.mark.short


def test_money_is_told_in_cents_and_in_four_digits_below_a_dollar() -> None:
    told = [dollars(usd) for usd in (0, 0.00621, 0.9999, 1, 1234.567)]
    assert told == ["$0.0000", "$0.0062", "$0.9999", "$1.00", "$1,234.57"]


def test_a_limit_takes_what_fits_to_the_last_cent() -> None:
    limit = Limit(0.3, 0)
    assert limit.allows(0.1 + 0.1, 0.1)  # 0.30000000000000004
    assert not limit.allows(0.2, 0.1001)


def test_enough_frees_when_enough_old_calls_have_left_the_window() -> None:
    short = Shortfall(((10, 0.5), (20, 0.25), (30, 0.25)))
    assert short.spent == 1.0
    assert short.frees(1.0, 0.5, 100) == 110
    assert short.frees(1.0, 0.6, 100) == 120
    assert short.frees(1.0, 1.0, 100) == 130
    assert short.frees(1.0, 1.1, 100) is None


@pytest.mark.parametrize("window", SECONDS)
def test_a_window_is_set_by_its_word(window: str) -> None:
    settings = Settings.from_env({"AQUATINT_BUDGET_WINDOW": window.upper()})
    assert settings.budget_window == window
    assert not settings.problems


def test_a_limit_that_is_no_amount_is_a_problem() -> None:
    for text in ("-1", "ten", "$5"):
        settings = Settings.from_env({"AQUATINT_BUDGET_USD": text})
        assert settings.budget_usd is None
        assert len(settings.problems) == 1
        assert "AQUATINT_BUDGET_USD" in settings.problems[0]


def test_folders_may_begin_with_the_users_home() -> None:
    variables = {
        "AQUATINT_HOME": "~/pictures",
        "AQUATINT_MODELS": "~/models.toml",
        "AQUATINT_ROOTS": "~:/srv/site:~/work",
    }
    settings = Settings.from_env(variables, cwd="/somewhere", user_home="/home/ann")
    assert settings.home == "/home/ann/pictures"
    assert settings.models == "/home/ann/models.toml"
    assert settings.roots == ("/home/ann", "/srv/site", "/home/ann/work")
    assert not settings.problems


def test_a_relative_folder_is_a_problem_and_left_out() -> None:
    variables = {
        "AQUATINT_HOME": "pictures",
        "AQUATINT_MODELS": "./models.toml",
        "AQUATINT_ROOTS": "/srv:site:~bob",
    }
    settings = Settings.from_env(variables, cwd="/somewhere", user_home="/home/ann")
    assert (settings.home, settings.models, settings.roots) == (None, None, ("/srv",))
    named = [problem.partition(":")[0] for problem in settings.problems]
    assert named == [
        "AQUATINT_HOME=pictures",
        "AQUATINT_ROOTS=site",
        "AQUATINT_ROOTS=~bob",
        "AQUATINT_MODELS=./models.toml",
    ]


def test_a_flag_is_relative_to_where_it_is_typed() -> None:
    variables = {"AQUATINT_HOME": "ignored"}
    flags = {"home": "pictures", "roots": "../site:/srv"}
    settings = Settings.from_env(variables, cwd="/work/here", user_home=None, **flags)
    assert settings.home == "/work/here/pictures"
    assert settings.roots == ("/work/here/../site", "/srv")
    assert not settings.problems


def test_without_a_home_a_tilde_stands_for_nothing() -> None:
    settings = Settings.from_env({"AQUATINT_HOME": "~/x"}, cwd="/", user_home=None)
    assert settings.home is None
    assert settings.problems
