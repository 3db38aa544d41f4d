// For `node --import tsx`. This package is called tsx, too, but the import below gets the npm package: a package can
// import itself by name only if its manifest has `exports`, and this one's has none.
import 'tsx';
