export { byDigest, digestOf, isSameImage, parseImageReference } from './image-reference.ts';
export { platformsOf } from './platforms.ts';
