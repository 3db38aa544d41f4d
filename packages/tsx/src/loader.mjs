// For `node --import tsx`. The import below gets the npm package and not this one, because a package can import itself
// by name only if its manifest has `exports`, and this one's has none.
import 'tsx';
