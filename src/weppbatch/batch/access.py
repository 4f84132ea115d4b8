"""Who may change batches: the switch BATCH_RUNNER_ENABLED and the list WEPPBATCH_ADMINS.

Called before anything else by every command that changes something; a refused user writes nothing at all. Files'
own permissions remain what protects them: this is courtesy among the users of one machine.
"""

import grp
import os
import pwd

from weppbatch.errors import ConfigError, NotPermitted

ENABLED = "BATCH_RUNNER_ENABLED"
ADMINS = "WEPPBATCH_ADMINS"
_ON = ("1", "true", "yes", "on", "")
_OFF = ("0", "false", "no", "off")


def current_user() -> str:
    """The login name of the process's user, asked of the system and not of the environment, which anyone can set.

    A user without a login name (as in some containers) is known by the number.
    """
    uid = os.geteuid()
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return str(uid)


def current_groups() -> set[str]:
    """The names of the groups that the process's user is in."""
    names = set()
    for gid in {os.getegid(), *os.getgroups()}:
        try:
            names.add(grp.getgrgid(gid).gr_name)
        except KeyError:
            names.add(str(gid))
    return names


def require_enabled() -> None:
    """Raise NotPermitted when BATCH_RUNNER_ENABLED switches the batch runner off.

    Raises ConfigError when the variable is neither on nor off.
    """
    value = os.environ.get(ENABLED, "1").strip().lower()
    if value in _OFF:
        raise NotPermitted(
            f"the batch runner is switched off here ({ENABLED}={os.environ[ENABLED]})",
            hint=f"set {ENABLED}=1 to switch it on",
        )
    if value not in _ON:
        raise ConfigError(f"{ENABLED} is '{os.environ[ENABLED]}'", hint="set it to 1 or 0")


def require_permission() -> None:
    """Raise NotPermitted unless batches may be changed here, and by this user."""
    require_enabled()
    require_admin()


def require_admin() -> None:
    """Raise NotPermitted unless WEPPBATCH_ADMINS (users and @groups, with commas between) lists this user.

    When it is not set, everyone may, as far as the files' permissions allow.
    """
    listed = os.environ.get(ADMINS, "")
    if not listed.strip():
        return
    names = {name.strip() for name in listed.split(",")} - {""}
    user = current_user()
    if user not in names and names.isdisjoint(f"@{group}" for group in current_groups()):
        raise NotPermitted(
            f"user '{user}' may not change batches here",
            hint=f"ask one of those that {ADMINS} lists: {listed}",
        )
