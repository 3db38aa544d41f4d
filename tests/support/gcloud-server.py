"""gcloud, loaded once for many commands: each runs in a fork of what is loaded, as it would in a process of its own.

gcloud's start script starts this instead of gcloud.py, whose path is the first argument. The others are the path of
the socket to listen on, and the commands to load. A connection brings one command as a line of JSON, with its
arguments and environment, and takes what became of it. When stdin ends, this ends.
"""

import atexit
import json
import os
import selectors
import signal
import socket
import sys
import tempfile
import traceback

gcloud_py, socket_path, *commands = sys.argv[1:]
sys.path.insert(0, os.path.dirname(gcloud_py))
import gcloud

main = gcloud._import_gcloud_main()
cli = main.CreateCLI([])
for command in commands:
    cli.top_element.LoadSubElementByPath(command.split())


def run(args, env):
    os.environ.clear()
    os.environ.update(env)
    sys.argv = [gcloud_py, *args]
    try:
        main.main(gcloud_cli=cli)
        return 0
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else int(end.code is not None)
    finally:
        atexit._run_exitfuncs()
        sys.stdout.flush()
        sys.stderr.flush()


def answer(connection):
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        os.dup2(out.fileno(), 1)
        os.dup2(err.fileno(), 2)
        with connection.makefile() as lines:
            request = json.loads(lines.readline())
        outcome = {"exitCode": run(request["args"], request["env"])}
        for name, file in ("stdout", out), ("stderr", err):
            file.seek(0)
            outcome[name] = file.read().decode()
        connection.sendall(json.dumps(outcome).encode())


def forget_what_has_ended(*_):
    try:
        while os.waitpid(-1, os.WNOHANG) != (0, 0):
            pass
    except ChildProcessError:
        pass


signal.signal(signal.SIGCHLD, forget_what_has_ended)
listener = socket.socket(socket.AF_UNIX)
listener.bind(socket_path)
listener.listen()
print("ready", flush=True)
events = selectors.DefaultSelector()
events.register(listener, selectors.EVENT_READ)
events.register(sys.stdin, selectors.EVENT_READ)
while all(key.fileobj is listener for key, _ in events.select()):
    connection, _ = listener.accept()
    if os.fork() == 0:
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        told = os.dup(2)
        try:
            answer(connection)
        except BaseException:
            os.write(told, traceback.format_exc().encode())
        finally:
            os._exit(0)
    connection.close()
