"""A peer of pyzmq: peer.py ROLE ENDPOINT [USER PASSWORD]

dealer   sends two requests and wants them back
refused  connects and prints whether its handshake has failed
req      asks in lock-step
proxied  asks as a REQ behind a ROUTER and DEALER that pass messages on
router   binds, prints its endpoint, lets in ada with her password alone, and
         sends one message back
"""
import sys
import threading

import zmq
from zmq.auth.thread import ThreadAuthenticator
from zmq.utils.monitor import recv_monitor_message

PATIENCE = 20000
# libzmq until 4.3.5 takes the ERROR that PLAIN has for one that is misspelt.
FAILURES = zmq.EVENT_HANDSHAKE_FAILED_AUTH | zmq.EVENT_HANDSHAKE_FAILED_PROTOCOL
context = zmq.Context()


def socket(kind, credentials=()):
    s = context.socket(kind)
    s.rcvtimeo = s.sndtimeo = PATIENCE
    s.linger = 0
    if credentials:
        s.plain_username, s.plain_password = (c.encode() for c in credentials)
    return s


def ask(s, *parts):
    s.send_multipart(parts)
    answer = s.recv_multipart()
    assert answer == list(parts), answer


def dealer(endpoint, *credentials):
    s = socket(zmq.DEALER, credentials)
    s.connect(endpoint)
    ask(s, b"head", b"x" * 900_000)
    ask(s, b"", b"as a REQ does")


def refused(endpoint, *credentials):
    s = socket(zmq.DEALER, credentials)
    monitor = s.get_monitor_socket(FAILURES | zmq.EVENT_HANDSHAKE_SUCCEEDED)
    s.connect(endpoint)
    assert monitor.poll(PATIENCE)
    print(bool(recv_monitor_message(monitor)["event"] & FAILURES))


def req(endpoint, *credentials):
    s = socket(zmq.REQ, credentials)
    s.connect(endpoint)
    for i in range(100):
        ask(s, str(i).encode(), b"", b"body")


def proxied(endpoint):
    front, back, s = socket(zmq.ROUTER), socket(zmq.DEALER), socket(zmq.REQ)
    front.bind("inproc://front")
    back.connect(endpoint)
    s.connect("inproc://front")
    threading.Thread(target=zmq.proxy, args=(front, back), daemon=True).start()
    for i in range(100):
        ask(s, str(i).encode())


def router(endpoint):
    auth = ThreadAuthenticator(context)
    auth.start()
    auth.configure_plain(domain="*", passwords={"ada": "secret"})
    s = socket(zmq.ROUTER)
    s.plain_server = True
    s.bind(endpoint)
    print(s.last_endpoint.decode(), flush=True)
    s.send_multipart(s.recv_multipart())
    s.close(linger=PATIENCE)
    auth.stop()


globals()[sys.argv[1]](*sys.argv[2:])
sys.stdout.flush()
