import { enableCompileCache } from 'node:module';
import { join } from 'node:path';

// Compiled code is kept for the next process: the tests start hundreds that load the same packages.
enableCompileCache({
  directory: join(import.meta.dirname, '../../node_modules/.cache/compiled'),
  portable: true,
});
