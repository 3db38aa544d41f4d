import { refusingAddress } from './refusing-address.ts';

const nobody = await refusingAddress();
nobody.unref();

/**
 * For gates that measure a service, which none of the tests' gates starts. Without it they look at the port where the
 * real service listens, and on somebody's machine it may just do that.
 */
export const UNUSED_ADDRESS = { OA_CONTROL_BIND_ADDR: nobody.host };
