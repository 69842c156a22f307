"""The exceptions of this app.

VisionError
├── UserError              what the user gave cannot work: one line on the terminal, exit code 2
│   ├── SettingsError      a flag, an environment variable or a line of the TOML file
│   ├── AddressError       the address to listen on
│   ├── SourceError        the video
│   ├── ModelError         the model
│   │   └── ProviderError  an execution provider other than the CPU
│   ├── ProcessorError     the user's own code
│   ├── DownloadError      a file that is downloaded
│   └── ResourceError      memory, space or a limit of the process
├── MessageError           a message from a socket
├── FrameTooLargeError     a frame
├── FrameDroppedError      a frame that is not to be used
├── QueueBrokenError       a latest queue
├── SpoolError             the event spool on disk
├── SinkError              a sink
│   └── EventRejectedError an event that its receiver refuses
└── HungError              a role
"""


class VisionError(Exception):
    """Base of all exceptions of this app."""


class UserError(VisionError):
    """What the user gave cannot work. The message names it and the choices."""


class SettingsError(UserError):
    """A setting has a value that is not allowed, or an unknown name."""


class AddressError(UserError):
    """The address to listen on is in use, or not one of this machine."""


class SourceError(UserError):
    """A video source cannot be opened, or has no frames."""


class ModelError(UserError):
    """A model is missing, is not ONNX, fits no known format, or fails on a frame."""


class ProcessorError(UserError):
    """The user's own code of a processor cannot be loaded, or failed on a frame."""


class ProviderError(ModelError):
    """An execution provider other than the CPU cannot load or run a model."""


class DownloadError(UserError):
    """A file cannot be downloaded, or is not the expected one."""


class ResourceError(UserError):
    """The machine, or a limit of the process, leaves too little of something. The message says how much is needed."""


class MessageError(VisionError):
    """A message does not follow the protocol."""


class FrameTooLargeError(VisionError):
    """A frame does not fit its slot in shared memory, or exceeds the dimensions of JPEG."""


class FrameDroppedError(VisionError):
    """A frame is not to be used. The message is the cause, as the drop is counted."""

    def __init__(self, cause: str, camera: str) -> None:
        """`camera` is that of the frame."""
        super().__init__(cause)
        self.camera = camera


class QueueBrokenError(VisionError):
    """A process died inside a latest queue, which has to be replaced."""

    def __init__(self, queue: str) -> None:
        """`queue` is the name of the queue."""
        super().__init__(queue)  # as it is pickled
        self.queue = queue

    def __str__(self) -> str:
        return f"a process died inside the latest queue {self.queue}".rstrip()


class HungError(VisionError):
    """A role has no heartbeat, or does not stop on request."""


class SpoolError(VisionError):
    """The event spool cannot be opened, read or written."""


class SinkError(VisionError):
    """A sink cannot deliver at present; delivery is tried again."""


class EventRejectedError(SinkError):
    """The receiver refuses this event and would refuse it again; delivery continues with the next one."""
