import type { Socket } from 'node:net';
import { refusingAddress } from '../../support/refusing-address.ts';
import { type Case, drip, flood, onRequests, rawServer } from './case.ts';

const OK = 'HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok';
const HEAD = 'HTTP/1.1 200 OK\r\ncontent-type: text/plain\r\n';

/** A plain HTTP server that does with each request what it is told to. */
function answering(name: string, ends: Case['ends'], answer: (socket: Socket, head: string) => void): Case {
  return {
    name,
    ends,
    async serve() {
      const server = await rawServer((socket) => onRequests(socket, (head) => answer(socket, head)));
      return { ...server, url: `http://127.0.0.1:${server.port}` };
    },
  };
}

/** One whose address is all that matters. */
const at = (name: string, ends: Case['ends'], url: string): Case => ({
  name,
  ends,
  serve: async () => ({ url, [Symbol.asyncDispose]: async () => {} }),
});

const TIME_OUT = /^no complete answer within [\d.]+ s$/;
const CUT = /^the connection was cut$/;
const NOT_HTTP = /^the answer is not HTTP/;

export const http1: readonly Case[] = [
  answering('never answers', TIME_OUT, () => {}),
  answering('drips its headers', TIME_OUT, (socket) => {
    socket.write(HEAD);
    drip(socket);
  }),
  answering('drips its body', TIME_OUT, (socket) => {
    socket.write(`${HEAD}content-length: 100000\r\n\r\n`);
    drip(socket);
  }),
  answering('sends a body without an end', /larger than 4 MiB|no complete answer/, (socket) => {
    socket.write(`${HEAD}transfer-encoding: chunked\r\n\r\n`);
    flood(socket, `10000\r\n${'x'.repeat(0x10000)}\r\n`);
  }),
  answering('sends headers without an end', /headers of the answer are too large|not HTTP/, (socket) => {
    socket.write(HEAD);
    flood(socket, `x-more: ${'y'.repeat(1000)}\r\n`);
  }),
  answering('sends one huge header', /headers of the answer are too large|not HTTP/, (socket) =>
    socket.write(`${HEAD}x: ${'y'.repeat(1 << 20)}\r\n\r\n`),
  ),
  answering('stops in the middle of its body', CUT, (socket) =>
    socket.end(`${HEAD}content-length: 100\r\n\r\nonly this`),
  ),
  answering('stops in the middle of a chunk', CUT, (socket) =>
    socket.end(`${HEAD}transfer-encoding: chunked\r\n\r\n20\r\nonly this`),
  ),
  answering('resets the connection', CUT, (socket) => socket.resetAndDestroy()),
  answering('closes the connection', CUT, (socket) => socket.end()),
  answering('does not speak HTTP', NOT_HTTP, (socket) => socket.end('SSH-2.0-nope\r\n')),
  answering('answers by another version of HTTP', NOT_HTTP, (socket) =>
    socket.end('HTTP/9.9 200 OK\r\n\r\n'),
  ),
  answering('sends two lengths', /^the answer is not as long as it says$/, (socket) =>
    socket.end(`${HEAD}content-length: 2\r\ncontent-length: 3\r\n\r\nok`),
  ),
  answering('sends a length that is none', NOT_HTTP, (socket) =>
    socket.end(`${HEAD}content-length: -1\r\n\r\nok`),
  ),
  answering('sends a chunk that has no length', NOT_HTTP, (socket) =>
    socket.end(`${HEAD}transfer-encoding: chunked\r\n\r\nzz\r\nok`),
  ),
  answering('changes to another protocol', /^the connection was cut$/, (socket) =>
    socket.write('HTTP/1.1 101 Switching\r\nupgrade: websocket\r\nconnection: upgrade\r\n\r\n'),
  ),
  answering('sends 100 Continue without an end', TIME_OUT, (socket) => {
    const timer = setInterval(() => socket.write('HTTP/1.1 100 Continue\r\n\r\n'), 50);
    socket.on('close', () => clearInterval(timer));
  }),
  answering('answers 500', /^status 500$/, (socket) =>
    socket.write('HTTP/1.1 500 Oops\r\ncontent-length: 0\r\n\r\n'),
  ),
  answering('answers 503 with a page', /^status 503$/, (socket) =>
    socket.end('HTTP/1.1 503 Busy\r\ncontent-type: text/html\r\n\r\n<html>maintenance'),
  ),
  {
    name: 'closes the connection before it has read anything',
    ends: /^the connection was cut$/,
    async serve() {
      const server = await rawServer((socket) => socket.end());
      return { ...server, url: `http://127.0.0.1:${server.port}` };
    },
  },
  {
    name: 'is not there',
    ends: /^the connection was refused$/,
    serve: refusingAddress,
  },
  at(
    'has a name that nobody knows',
    /^the host name (?:is not known|could not be looked up)$|not been looked up/,
    'http://nobody.invalid',
  ),

  answering('sends 100 Continue that nobody asked for, and then answers', 'passed', (socket) =>
    socket.write(`HTTP/1.1 100 Continue\r\n\r\n${OK}`),
  ),
  answering('sends early hints, and then answers', 'passed', (socket) =>
    socket.write(`HTTP/1.1 103 Early Hints\r\nlink: </a.css>\r\n\r\n${OK}`),
  ),
  answering('answers in its last moment', 'passed', (socket) => {
    setTimeout(() => socket.write(OK), 400);
  }),
  answering('closes the connection after each answer without a word', 'passed', (socket) => socket.end(OK)),
  answering('answers as in 1996', 'passed', (socket) => socket.end('HTTP/1.0 200 OK\r\n\r\nok')),
  answering('sends its answer letter by letter', 'passed', (socket) => {
    for (const letter of OK) socket.write(letter);
  }),
  answering('sends a body with 204', 'passed', (socket) =>
    socket.end('HTTP/1.1 204 Nothing\r\ncontent-length: 5\r\n\r\nthing'),
  ),
  answering('sends more than its length', 'passed', (socket) => socket.write(`${OK}garbage`)),
  answering('redirects to itself', 'passed', (socket) =>
    socket.write('HTTP/1.1 302 Found\r\nlocation: /readyz\r\ncontent-length: 0\r\n\r\n'),
  ),
];
