"""An application on a port of this machine."""

import threading
import time

import uvicorn

from commonsky.web.running import listen


class Served:
    """An application that is served until it is closed."""

    def __init__(self, app, *, port=0, **options):
        self._listening = listen("127.0.0.1", port)
        scheme = "https" if "ssl_certfile" in options else "http"
        self.url = f"{scheme}://127.0.0.1:{self._listening.getsockname()[1]}"
        self._server = uvicorn.Server(
            uvicorn.Config(app, log_level="critical", lifespan="off", timeout_graceful_shutdown=5, **options)
        )
        self._thread = threading.Thread(target=self._server.run, kwargs={"sockets": [self._listening]})
        self._thread.start()
        while not self._server.started:
            time.sleep(0.01)

    def close(self):
        self._server.should_exit = True
        self._thread.join()
        self._listening.close()
