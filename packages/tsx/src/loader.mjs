// For `node --import tsx`. This imports the npm package: a package can import itself by name only if its manifest has
// `exports`, and this one's has none.
import 'tsx';
