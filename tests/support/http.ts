// An `import` of node:http would load undici as well, which takes 0.1 s of every start.
export const { createServer, request } = process.getBuiltinModule('node:http');
