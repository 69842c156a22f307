"""The errors this app raises on purpose.

VisionError
├── UserError              what the user gave cannot work: one line on the terminal, exit code 2
│   ├── SettingsError      a flag, a variable or a line of the TOML file
│   ├── AddressError       the address to serve on cannot be had
│   ├── SourceError        the video cannot be opened or read
│   ├── ModelError         the model cannot be loaded, or fits no known format
│   │   └── ProviderError  an execution provider other than the CPU cannot load or run the model
│   ├── ProcessorError     the user's own code cannot be loaded, or failed on a frame
│   ├── DownloadError      a file cannot be fetched, or is not the one that is wanted
│   └── ResourceError      the machine has too little of something
├── MessageError           bytes from a socket that are not what the wire allows
├── FrameTooLargeError     a frame that does not fit the shared memory of the latest queue, or a JPEG
├── QueueBrokenError       a process died inside a latest queue, which has to be replaced
├── SpoolError             the event spool on disk cannot be read or written
├── SinkError              a sink cannot deliver at present
│   └── EventRejectedError a receiver refuses one event for good
└── HungError              a role gives no sign of life
"""


class VisionError(Exception):
    """Base of every error raised by this app itself."""


class UserError(VisionError):
    """What the user gave cannot work; the message says what, and what would."""


class SettingsError(UserError):
    """A setting has a value that makes no sense."""


class AddressError(UserError):
    """The address to serve on is taken, not ours, or not safe to use."""


class SourceError(UserError):
    """A video source cannot be opened or gives no frames."""


class ModelError(UserError):
    """A model is missing, not ONNX, or fits no known format, or fails on a frame."""


class ProcessorError(UserError):
    """Your own code of a processor cannot be loaded, or failed on a frame."""


class ProviderError(ModelError):
    """An execution provider other than the CPU cannot load or run a model."""


class DownloadError(UserError):
    """A file cannot be fetched, or what was sent is not what is wanted."""


class ResourceError(UserError):
    """The machine has too little of something; the message says how much, and how much is needed."""


class MessageError(VisionError):
    """A message does not follow the wire."""


class FrameTooLargeError(VisionError):
    """A frame does not fit its slot in shared memory, or has sides that JPEG cannot hold."""


class QueueBrokenError(VisionError):
    """A process died inside a latest queue, which has to be replaced."""

    def __init__(self, queue: str) -> None:
        """`queue` is the name of the queue."""
        super().__init__(queue)  # as it is pickled
        self.queue = queue

    def __str__(self) -> str:
        return f"a process died inside the latest queue {self.queue}".rstrip()


class HungError(VisionError):
    """A role gives no sign of life, or does not stop when asked."""


class SpoolError(VisionError):
    """The event spool cannot be opened, read or written."""


class SinkError(VisionError):
    """A sink cannot deliver at present; delivery is tried again."""


class EventRejectedError(SinkError):
    """The receiver refuses this event and would refuse it again; delivery continues with the next one."""
