import type { Command } from '../command.ts';
import { disable } from './disable.ts';
import { enable } from './enable.ts';
import { kill } from './kill.ts';
import { killClient } from './kill-client.ts';
import { pause } from './pause.ts';
import { reconnect } from './reconnect.ts';
import { reload } from './reload.ts';
import { resume } from './resume.ts';
import { set } from './set.ts';
import { select, show } from './show.ts';
import { shutdown } from './shutdown.ts';
import { suspend } from './suspend.ts';
import { takeover } from './takeover.ts';
import { waitClose } from './wait-close.ts';

/** Every command there is. */
export const commands: readonly Command[] = [
  disable,
  enable,
  kill,
  killClient,
  pause,
  reconnect,
  reload,
  resume,
  select,
  set,
  show,
  shutdown,
  suspend,
  takeover,
  waitClose,
];
