// For `node --import tsx`. Without `exports` in this package's manifest, the name does not lead back here.
import 'tsx';
