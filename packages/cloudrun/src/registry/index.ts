export { byDigest, digestOf, isSameImage, parseImageReference } from './image-reference.ts';
