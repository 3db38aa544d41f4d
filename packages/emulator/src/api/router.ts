import createTree from 'find-my-way';
import type { Routes } from './call.ts';

type Tree = ReturnType<typeof createTree>;
type Found = { route: Routes[number]; params: Readonly<Record<string, string | undefined>> };

/** Finds the route for a request. */
type Router = (method: string, path: string) => Found | undefined;

/**
 * The trees of paths that were built so far. A tree takes milliseconds to build, and is the same for every emulator;
 * tests start hundreds in one process. So a tree knows only the position of each route, and the handlers stay with their
 * emulator.
 */
const trees = new Map<string, Tree>();

export function createRouter(routes: Routes): Router {
  const shape = routes.map(({ method, path }) => `${method} ${path}`).join('\n');
  const tree = trees.get(shape) ?? treeOf(routes);
  trees.set(shape, tree);
  return (method, path) => {
    const found = tree.find(method as 'GET', path);
    const route = routes[found?.store as number];
    return found === null || route === undefined ? undefined : { route, params: found.params };
  };
}

function treeOf(routes: Routes): Tree {
  const tree = createTree({ maxParamLength: 500 });
  for (const [position, { method, path }] of routes.entries()) tree.on(method, path, () => {}, position);
  return tree;
}
