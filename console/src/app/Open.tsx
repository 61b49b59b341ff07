/** The frame of pages that are open to everybody: with the menu for those who are signed in. */
import { useSession } from '../session';
import { Bare } from './Bare';
import { Frame } from './Frame';

/** Frame or bare frame. */
export function Open() {
  const { session } = useSession();
  return session ? <Frame /> : <Bare />;
}
