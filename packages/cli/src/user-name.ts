import { userInfo } from 'node:os';

/** The user on this machine. In a container, the user's id may have no name. */
export function userName(): string {
  try {
    return userInfo().username;
  } catch {
    return 'somebody';
  }
}
