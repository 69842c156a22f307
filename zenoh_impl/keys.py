"""The key expressions of the app.

They begin with the version of the wire, so that nodes of another version never match.
Names of nodes, cameras and processors have no character with a meaning in a key expression; the words of a longer name,
such as that of a queue or a role, become chunks: `gate to vehicles 1` is `gate/to/vehicles/1`.
"""

from common.messaging.messages import PROTOCOL

PREFIX = f"vision/{PROTOCOL}"
ANY_VERSION = "vision/*"
SIZES = ("frame", "tile")  # of frames for viewers
SERVER, SINKS = "server", "sinks"  # roles


def frames(queue: str) -> str:
    """Return the key of the frames of a latest queue."""
    return f"{PREFIX}/frame/{_chunks(queue)}"


def taken(queue: str) -> str:
    """Return the key on which the consumer of a latest queue sends the ids of the frames that it took."""
    return f"{PREFIX}/taken/{_chunks(queue)}"


def view(camera: str, size: str = "*") -> str:
    """Return the key of the frames of a camera for viewers; `size` is one of SIZES."""
    return f"{PREFIX}/view/{camera}/{size}"


def sent_by(node: str, role: str) -> str:
    """Return the key of the messages of a role to the servers."""
    return f"{PREFIX}/from/{node}/{_chunks(role)}"


def sent_to(node: str, role: str) -> str:
    """Return the key of the messages of the servers to a role."""
    return f"{PREFIX}/to/{node}/{_chunks(role)}"


def sent_to_owner_of(token: str) -> str:
    """Return the key of the messages to the role that has a liveliness token."""
    return token.replace("/alive/", "/to/", 1)


def token_of_sender(key: str) -> str:
    """Return the key of the liveliness token of the role that sent a message."""
    return key.replace("/from/", "/alive/", 1)


def camera_of(view_key: str) -> str:
    """Return the camera of a key of frames for viewers."""
    return view_key.split("/")[3]


def node_of(key: str) -> str:
    """Return the node of a key of messages of a role, of changes, or of a liveliness token."""
    return key.split("/")[3]


def clock(node: str) -> str:
    """Return the key on which a node answers with its time."""
    return f"{PREFIX}/clock/{node}"


def shown_by(node: str) -> str:
    """Return the key of the messages that viewers of the server on a node get."""
    return f"{PREFIX}/shown/{node}"


def changed_by(node: str) -> str:
    """Return the key of what viewers change on the server of a node, and of the changes that it has of the others."""
    return f"{PREFIX}/changed/{node}"


def role_of(token: str) -> str:
    """Return the name of the role that has a liveliness token; it is empty for a node, and for another version."""
    version, _, *words = parts_of_token(token)
    return " ".join(words) if version == str(PROTOCOL) else ""


def parts_of_token(key: str) -> list[str]:
    """Return the version, the node and the words of the role from the key of a liveliness token."""
    _, version, _, *owner = key.split("/")
    return [version, *owner]


def alive(node: str, role: str = "") -> str:
    """Return the key of the liveliness token of a role, or of the node itself."""
    return f"{PREFIX}/alive/{node}" + (f"/{_chunks(role)}" if role else "")


def router(zid: str) -> str:
    """Return the key of the liveliness token of a router, by its Zenoh id."""
    return f"{PREFIX}/router/{zid}"


def _chunks(name: str) -> str:
    return name.replace(" ", "/")
