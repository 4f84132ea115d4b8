import grp
import os
import pwd

import pytest

from weppbatch.batch.access import current_user, require_admin, require_enabled
from weppbatch.errors import ConfigError, NotPermitted

USER = pwd.getpwuid(os.geteuid()).pw_name
GROUP = grp.getgrgid(os.getegid()).gr_name


@pytest.mark.parametrize("value", ["1", "true", "Yes", "on", ""])
def test_the_batch_runner_is_on_when_it_says_so(monkeypatch, value):
    monkeypatch.setenv("BATCH_RUNNER_ENABLED", value)
    require_enabled()


def test_the_batch_runner_is_on_by_default(monkeypatch):
    monkeypatch.delenv("BATCH_RUNNER_ENABLED", raising=False)
    require_enabled()


@pytest.mark.parametrize("value", ["0", "false", "No", "off", " 0 "])
def test_a_switched_off_batch_runner_says_how_to_switch_it_on(monkeypatch, value):
    monkeypatch.setenv("BATCH_RUNNER_ENABLED", value)
    with pytest.raises(NotPermitted, match="switched off") as caught:
        require_enabled()
    assert caught.value.exit_code == 2
    assert "BATCH_RUNNER_ENABLED=1" in str(caught.value.hint)


def test_a_switch_that_is_neither_on_nor_off_is_refused(monkeypatch):
    monkeypatch.setenv("BATCH_RUNNER_ENABLED", "perhaps")
    with pytest.raises(ConfigError, match="perhaps"):
        require_enabled()


@pytest.mark.parametrize("listed", [None, "", "  ", USER, f"nobody-else, {USER}", f"@{GROUP}", f"someone,@{GROUP}"])
def test_a_listed_user_or_group_may_change_batches(monkeypatch, listed):
    monkeypatch.delenv("WEPPBATCH_ADMINS", raising=False)
    if listed is not None:
        monkeypatch.setenv("WEPPBATCH_ADMINS", listed)
    require_admin()


@pytest.mark.parametrize("listed", ["someone-else", f"@{USER}-friends", ",", f"{USER}x", f"x{USER}"])
def test_another_user_is_refused_and_told_whom_to_ask(monkeypatch, listed):
    monkeypatch.setenv("WEPPBATCH_ADMINS", listed)
    with pytest.raises(NotPermitted, match=USER) as caught:
        require_admin()
    assert listed in str(caught.value.hint)
    assert caught.value.exit_code == 2


def test_the_environment_can_not_claim_another_user(monkeypatch):
    for name in ("LOGNAME", "USER", "LNAME", "USERNAME"):
        monkeypatch.setenv(name, "admin")
    monkeypatch.setenv("WEPPBATCH_ADMINS", "admin")
    assert current_user() == USER
    with pytest.raises(NotPermitted):
        require_admin()
