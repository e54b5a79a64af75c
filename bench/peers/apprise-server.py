"""HTTP in, apprise.notify, and its answer: PORT SINK_PORT TYPE"""
import json
import logging
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import apprise

port, sink_port, event_type = int(sys.argv[1]), sys.argv[2], sys.argv[3]
logging.disable(logging.CRITICAL)
sender = apprise.Apprise()
for tag in [f'type.t{index}' for index in range(9)] + [event_type]:
    sender.add(f'json://127.0.0.1:{sink_port}/', tag=tag)


class Events(BaseHTTPRequestHandler):
    protocol_version = 'HTTP/1.1'

    def log_message(self, *_):
        pass

    def do_POST(self):
        body = self.rfile.read(int(self.headers['content-length'])).decode()
        is_sent = sender.notify(title='order', body=body, tag=json.loads(body)['type'])
        self.send_response(200 if is_sent else 502)
        self.send_header('content-length', '0')
        self.end_headers()


ThreadingHTTPServer.request_queue_size = 1024
ThreadingHTTPServer(('127.0.0.1', port), Events).serve_forever()
