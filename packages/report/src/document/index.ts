export { readDocument } from './read.ts';
export { nobodysText, writeDocument } from './write.ts';
