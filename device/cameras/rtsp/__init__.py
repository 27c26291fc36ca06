"""A network camera in a process of its own: it decodes the stream there and passes bare pixels over a Unix socket.

`relay` is that process, which the unit lintel-rtsp@NAME.service runs; `receiving` is the door's end of the socket. What
they say to each other is `wire`.
"""
