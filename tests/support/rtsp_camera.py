"""An RTSP camera whose frames carry the time: a script for the system's Python, which has GStreamer's bindings.

`python3 rtsp_camera.py FPS` prints two ports, then serves /h264 and /mjpeg until it is killed: on the first port to
anyone, on the second one to the user "admin" with the password "s/cret". The top rows of each frame are 48 black or
white cells: milliseconds since the epoch, highest bit first. On Debian it needs python3-gi,
gir1.2-gst-rtsp-server-1.0, gstreamer1.0-plugins-good and gstreamer1.0-plugins-ugly.
"""

import sys
import time

import gi

gi.require_version("Gst", "1.0")
gi.require_version("GstRtspServer", "1.0")
from gi.repository import GLib, Gst, GstRtspServer  # noqa: E402

WIDTH, HEIGHT, STAMP_ROWS, BITS = 640, 360, 32, 48
FPS = int(sys.argv[1])
H264 = "x264enc tune=zerolatency speed-preset=ultrafast key-int-max=30 ! rtph264pay config-interval=1 name=pay0 pt=96"
MJPEG = "jpegenc ! rtpjpegpay name=pay0 pt=26"
CAPS = f"video/x-raw,format=BGR,width={WIDTH},height={HEIGHT},framerate={FPS}/1"
BACKGROUND = bytes(range(256)) * (WIDTH * 3 * (HEIGHT - STAMP_ROWS) // 256)


def stamped_frame() -> bytes:
    now_ms = int(time.time() * 1000)
    cell = WIDTH // BITS
    cells = [(b"\xff" if now_ms >> (BITS - 1 - bit) & 1 else b"\0") * 3 * cell for bit in range(BITS)]
    row = b"".join(cells).ljust(WIDTH * 3, b"\0")
    return row * STAMP_ROWS + BACKGROUND


class Factory(GstRtspServer.RTSPMediaFactory):  # type: ignore[misc]
    def __init__(self, encoder: str) -> None:
        super().__init__()
        self.set_shared(True)
        self._encoder = encoder

    def do_create_element(self, _url: object) -> object:
        source = f"appsrc name=source is-live=true format=time do-timestamp=true caps={CAPS}"
        return Gst.parse_launch(f"( {source} ! videoconvert ! video/x-raw,format=I420 ! {self._encoder} )")

    def do_configure(self, media: object) -> None:
        source = media.get_element().get_child_by_name("source")  # type: ignore[attr-defined]
        started = time.monotonic()
        count = 0

        def push() -> bool:
            nonlocal count
            if source.emit("push-buffer", Gst.Buffer.new_wrapped(stamped_frame())) == Gst.FlowReturn.OK:
                count += 1
                GLib.timeout_add(max(0, round((started + count / FPS - time.monotonic()) * 1000)), push)
            return False

        push()


def serve(auth: object) -> GstRtspServer.RTSPServer:
    server = GstRtspServer.RTSPServer()
    server.set_address("127.0.0.1")
    server.set_service("0")
    server.set_auth(auth)
    for path, encoder in (("/h264", H264), ("/mjpeg", MJPEG)):
        factory = Factory(encoder)
        permissions = GstRtspServer.RTSPPermissions()
        for permission in ("media.factory.access", "media.factory.construct"):
            permissions.add_permission_for_role("admin", permission, True)
        factory.set_permissions(permissions if auth else None)
        server.get_mount_points().add_factory(path, factory)
    server.attach(None)
    return server


Gst.init(None)
if missing := [
    name for name in ("x264enc", "rtph264pay", "jpegenc", "rtpjpegpay") if not Gst.ElementFactory.find(name)
]:
    sys.exit(f"GStreamer has no {', '.join(missing)}")
token = GstRtspServer.RTSPToken()
token.set_string("media.factory.role", "admin")
auth = GstRtspServer.RTSPAuth()
auth.add_basic(GstRtspServer.RTSPAuth.make_basic("admin", "s/cret"), token)
servers = serve(None), serve(auth)
sys.stdout.write(" ".join(str(server.get_bound_port()) for server in servers) + "\n")
sys.stdout.flush()
GLib.MainLoop().run()
