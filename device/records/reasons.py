"""`Reason`, the one list of why a door opened or did not."""

from enum import Enum


class Reason(Enum):
    """Why a transaction ended as it did: the code that audit and JSON carry, what it means, what the person can do."""

    MATCH = ("match", "The face matches the badge's holder.", "Come in.")
    EXIT = ("exit", "A badge at an exit reader.", "Go out.")
    PIN = ("pin", "The PIN is that of the badge's holder.", "Come in.")
    BADGE = ("badge", "A badge alone is enough at this door now.", "Come in.")
    DURESS = ("duress", "The holder came in under duress: a PIN or badge for that was used.", "Come in.")
    BADGE_UNREADABLE = (
        "badge-unreadable",
        "The reader sent something that is not a badge number.",
        "Present the badge again.",
    )
    BADGE_RANDOM = (
        "badge-random",
        "The phone or card invents a number each time, so it can't be anyone's badge.",
        "Use a card with a number of its own.",
    )
    BADGE_UNKNOWN = ("badge-unknown", "This badge is not assigned to anyone.", "Ask the operator to enroll the badge.")
    BADGE_REVOKED = ("badge-revoked", "This badge has been revoked.", "Ask the operator for a new badge.")
    BADGE_SUSPENDED = (
        "badge-suspended",
        "This badge is suspended for the time being.",
        "Ask the operator to resume it: `lintel badges resume`.",
    )
    NO_REFERENCES = (
        "no-references",
        "The badge's holder has no references made by the present model.",
        "Ask the operator to enroll your face again.",
    )
    NO_FACE = ("no-face", "No face was seen in time.", "Stand in front of the camera and look at it.")
    SEVERAL_FACES = ("several-faces", "More than one face was in view.", "Step up to the camera one at a time.")
    FACE_TOO_SMALL = ("face-too-small", "The face was too small in the picture.", "Come closer to the camera.")
    FACE_TOO_CLOSE = ("face-too-close", "The face filled the picture.", "Take a step back from the camera.")
    FACE_CUT_OFF = ("face-cut-off", "The face was partly outside the picture.", "Stand in the middle of the picture.")
    FACE_TURNED = ("face-turned", "The face was turned away.", "Look straight at the camera.")
    FACE_TILTED = ("face-tilted", "The head was tilted to one side.", "Hold your head upright.")
    PICTURE_TURNED = (
        "picture-turned",
        "The picture hangs turned: the face in it lies on its side or upside down.",
        "Ask the operator to turn the camera, or to set `rotate` under [[cameras]].",
    )
    FACE_TOO_DARK = ("face-too-dark", "The face was too dark.", "Turn to the light, or switch a light on.")
    FACE_TOO_BRIGHT = ("face-too-bright", "The face was too bright.", "Turn away from the light.")
    FACE_BACKLIT = (
        "face-backlit",
        "The light came from behind the face, which was too dark.",
        "Turn so that the light falls on your face.",
    )
    FACE_HALF_DARK = (
        "face-half-dark",
        "One part of the face was in the dark.",
        "Turn so that the light falls on your whole face.",
    )
    FACE_FOGGY = (
        "face-foggy",
        "The picture had too little contrast.",
        "Keep the light out of the camera, or clean its lens.",
    )
    FACE_NOISY = ("face-noisy", "The picture was too noisy.", "Switch a light on.")
    FACE_COMPRESSED = (
        "face-compressed",
        "The picture was compressed too much.",
        "Use a picture of better quality, or ask the operator to check the camera.",
    )
    FACE_COVERED = (
        "face-covered",
        "Something covered the mouth.",
        "Take off the mask, or take your hand from your face.",
    )
    EYES_COVERED = ("eyes-covered", "Something covered the eyes.", "Take off the dark glasses.")
    BROWS_COVERED = ("brows-covered", "Something covered the brows.", "Push the hat or the hair back.")
    EYES_CLOSED = ("eyes-closed", "The eyes were closed.", "Open your eyes.")
    FACE_UNCLEAR = (
        "face-unclear",
        "The face could not be made out clearly.",
        "Look straight at the camera, in good light and with nothing before your face.",
    )
    FACE_MOVED = ("face-moved", "The face moved too fast.", "Stand still in front of the camera.")
    FACE_LIKE_MANY = (
        "face-like-many",
        "The picture resembles any face that is covered, dark, foggy or turned over.",
        "Take a picture of the uncovered face, upright and in good light.",
    )
    FACE_BLURRED = ("face-blurred", "The face was blurred.", "Hold still, or clean the camera's lens.")
    FACE_TOO_BRIEF = (
        "face-too-brief",
        "The face was not seen well for long enough.",
        "Stay in front of the camera until the door answers.",
    )
    OUTLIER = (
        "outlier",
        "The face differs from the other pictures or from the references.",
        "Leave this picture out, or take it again.",
    )
    SAME_PICTURE = (
        "same-picture",
        "This picture is a reference already.",
        "Take another one: only pictures that differ make the door more reliable.",
    )
    NON_MATCH = (
        "non-match",
        "The face does not match the badge's holder.",
        "Use your own badge, and look at the camera.",
    )
    PRESENTATION_ATTACK = (
        "presentation-attack",
        "The door took the face for a picture of one.",
        "Stand before the camera yourself, with no picture, screen or sheet near your face.",
    )
    TURN_NOT_MADE = (
        "turn-not-made",
        "The head was not turned as the door asked, or another face took its place.",
        "Look at the camera, and turn your head to the side that the reader shows as soon as it shows it.",
    )
    WAIT_AFTER_ATTACK = (
        "wait-after-attack",
        "The last two tries with this badge looked like a picture of a face.",
        "Wait 30 seconds, and present the badge again.",
    )
    NOT_YET_VALID = (
        "not-yet-valid",
        "The badge, or its holder's right to come in, is not valid yet.",
        "Come back when it is, or ask the operator for an earlier date.",
    )
    EXPIRED = (
        "expired",
        "The badge, or its holder's right to come in, is not valid any more.",
        "Ask the operator to extend it.",
    )
    NOT_ALLOWED = (
        "not-allowed",
        "No rule lets the badge's holder in at this door.",
        "Ask the operator for the right to this door.",
    )
    OUTSIDE_SCHEDULE = (
        "outside-schedule",
        "The badge's holder may come in at this door, but at other times.",
        "Come back at those times; the operator can say when they are.",
    )
    RULE_DENIES = (
        "rule-denies",
        "A rule keeps the badge's holder out at this door now.",
        "Ask the operator which rule it is: `lintel explain`.",
    )
    CLOCK_UNTRUSTED = (
        "clock-untrusted",
        "The door does not know what time it is, and this badge is for certain times.",
        "Ask the operator to set the clock, or to accept it: `lintel clock accept`.",
    )
    PIN_WRONG = (
        "pin-wrong",
        "The PIN is not that of the badge's holder.",
        "Present the badge again, and type your PIN.",
    )
    NO_KEYPAD = (
        "no-keypad",
        "The badge's holder has to type a PIN besides the face, and this reader has no keypad.",
        "Use a door with a keypad. The operator can lift it: `lintel people demand-pin NAME --lift`.",
    )
    PIN_MISSING = (
        "pin-missing",
        "No PIN was typed in time.",
        "Present the badge again, type your PIN, and end it with #.",
    )
    NO_PIN = ("no-pin", "The badge's holder has no PIN.", "Ask the operator for one.")
    PIN_DISABLED = (
        "pin-disabled",
        "Too many wrong PINs were typed with this badge, so its PIN counts no more.",
        "Ask the operator to reset it: `lintel badges reset`.",
    )
    FACE_DISABLED = (
        "face-disabled",
        "Too many faces that did not match were shown with this badge, so a face counts no more with it.",
        "Type your PIN where the door takes one, or ask the operator to reset it: `lintel badges reset`.",
    )
    WAIT_AFTER_FAILURES = (
        "wait-after-failures",
        "The last tries with this badge failed, and the next one came too soon.",
        "Wait a while, and present the badge again.",
    )
    KEY_MISSING = (
        "key-missing",
        "The key to the references is missing, so no face can be compared.",
        "Ask the operator to look at `lintel keys status`.",
    )
    READER_TAMPERED = (
        "reader-tampered",
        "The reader was opened or taken off, so its badges don't count.",
        "Ask the operator to look at the reader.",
    )
    DOOR_SCHEDULED_LOCK = (
        "door-scheduled-lock",
        "The door is locked for everyone at this time.",
        "Come back when that time is over.",
    )
    PASSED_BACK = (
        "passed-back",
        "The badge's holder is inside already, as far as the door knows.",
        "Ask the operator to have your place forgotten: `lintel doors forget`.",
    )
    AREA_FULL = ("area-full", "As many people are inside as may be.", "Wait until someone has left.")
    SECOND_AWAITED = (
        "second-awaited",
        "One person was recognized, and the door opens for two alone.",
        "Have the second person present a badge now.",
    )
    HOST_AWAITED = (
        "host-awaited",
        "A visitor was recognized, and comes in with a host alone.",
        "Have your host present a badge now.",
    )
    DOOR_LOCKDOWN = (
        "door-lockdown",
        "The door is in lockdown and lets no one in.",
        "Wait until the operator clears it: `lintel door clear`.",
    )
    DOOR_FAULT = (
        "door-fault",
        "Something the door needs does not work, so it stays locked.",
        "Ask the operator to look at `lintel door status`.",
    )
    DOOR_INTERLOCKED = (
        "door-interlocked",
        "Another door of this lock is open or released.",
        "Close the other door, and present the badge again.",
    )
    STOPPING = (
        "stopping",
        "Lintel was asked to stop before the door was released.",
        "Present the badge again when the door is back in operation.",
    )
    CAMERA_FAULT = ("camera-fault", "The camera gave no fresh picture.", "Ask the operator to check the camera.")
    STORE_FAULT = (
        "store-fault",
        "The decision could not be written down, so the door stayed locked.",
        "Ask the operator to check the disk.",
    )
    VISION_FAULT = ("vision-fault", "The face could not be analyzed.", "Ask the operator to look at the log.")

    def __init__(self, code: str, meaning: str, advice: str) -> None:
        self.code = code
        self.meaning = meaning
        self.advice = advice

    @classmethod
    def from_code(cls, code: str) -> "Reason":
        """The reason with this code. Raises `KeyError` if there is none."""
        return {reason.code: reason for reason in cls}[code]
