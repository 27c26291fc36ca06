"""What a door demands of a badge, what it does while a part is missing, and how free the way out is."""

from typing import Annotated, Literal

from msgspec import Meta

from device.settings.lock import LockSettings

ModeName = Literal["badge", "badge+face", "badge+pin", "badge+face+pin", "badge+face-or-pin"]
"""Each is a name of `device.records.MODES`."""


class RightsSettings(LockSettings, frozen=True):
    """A door's lock, and who may pass on which terms."""

    mode: Annotated[
        ModeName,
        Meta(
            description="what must be shown at the way in: `badge+face`, `badge+pin`, `badge+face+pin`, or "
            "`badge+face-or-pin`, where either is enough; `badge` needs `i_accept_badge_only`"
        ),
    ] = "badge+face"
    demanded_pin: Annotated[
        Literal["always", "with-keypad"],
        Meta(
            description="who has to type a PIN besides the face, as another person looks alike, at a reader without a "
            "keypad: `always`, refused; `with-keypad`, let in by the face, so that a look-alike may be too"
        ),
    ] = "always"
    face_resets_pin: Annotated[
        bool,
        Meta(
            description="a PIN that counts no more, after 10 wrong ones, does again once its holder came in by a face "
            "that matches at a false match rate of 1e-6; else an operator resets it"
        ),
    ] = False
    without_face: Annotated[
        Literal["deny", "badge+pin"],
        Meta(
            description="what a person shows instead of the face who has no references at this door's network, or "
            "whose face was disabled after failed tries: `deny`, nothing helps; or `badge+pin`"
        ),
    ] = "deny"
    when_missing: Annotated[
        Literal["deny", "badge+pin", "badge"],
        Meta(
            description="what is enough at the way in while the camera or the network for faces is missing, after "
            "`missing_after_s`: `deny`, nothing; `badge+pin`; `badge`, which needs `i_accept_badge_only`"
        ),
    ] = "deny"
    missing_after_s: Annotated[
        float,
        Meta(ge=60, le=3600, description="how long a part must be missing, with its alarm, before that, seconds"),
    ] = 60.0
    tamper: Annotated[
        Literal["tell", "forget-keys"],
        Meta(
            description="what an opened housing (input `tamper`) does: `tell`, an alarm; `forget-keys`, it "
            "destroys the device key as well, in memory and on the disk: no face and no PIN counts until it is restored"
        ),
    ] = "tell"
    i_accept_badge_only: Annotated[
        bool, Meta(description="true if a found or copied badge may open this door by itself: `door status` says so")
    ] = False
    lockdown_pass: Annotated[
        bool,
        Meta(
            description="true if groups of the rules' `[[lockdown_passes]]` may come in during a lockdown, with a face "
            "or a PIN besides the badge, and under all other rules"
        ),
    ] = False
    clock: Annotated[
        Literal["deny", "badge+pin", "ignore"],
        Meta(
            description="what a right for certain times is worth while the time of day is not trusted, if it holds by "
            "both readings of the clock: `deny`, nothing; `badge+pin`, with the PIN besides; `ignore`, as ever"
        ),
    ] = "deny"
    egress: Annotated[
        Literal["free", "controlled"],
        Meta(
            description="the way out: `free`, a badge alone releases at all times and whatever is missing; or "
            "`controlled`, where rules and lockdown refuse a badge at an exit reader too, which needs `free_exit`"
        ),
    ] = "free"
    free_exit: Annotated[
        Literal["handle", "button in the lock's supply"] | None,
        Meta(description="the other way out, free at all times, of a door whose `egress` is `controlled`"),
    ] = None
