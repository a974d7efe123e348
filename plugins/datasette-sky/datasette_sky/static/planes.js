// The galactic plane and the ecliptic, as positions (ICRS) in steps of half a degree.

import { RAD, position } from "./angles.js";

// The galactic north pole and the galactic longitude of the north celestial pole (Hipparcos catalogue, ESA SP-1200, 1.5.3).
const POLE_RA = 192.85948, POLE_DECL = 27.12825, NODE = 122.93192 - 90;
const OBLIQUITY = 23.4392911; // J2000

const around = Array.from({ length: 721 }, (_, k) => k / 2);

/** The direction that is `pole`'s equator at an angle from its ascending node on the celestial equator. */
function tilted(angle, nodeRa, inclination) {
  const [x, y] = [Math.cos(angle * RAD), Math.sin(angle * RAD)];
  const [u, v, w] = [x, y * Math.cos(inclination * RAD), y * Math.sin(inclination * RAD)];
  const [c, s] = [Math.cos(nodeRa * RAD), Math.sin(nodeRa * RAD)];
  return position([u * c - v * s, u * s + v * c, w]);
}

export const galactic = (longitude) => tilted(longitude - NODE, POLE_RA + 90, 90 - POLE_DECL);
export const ecliptic = (longitude) => tilted(longitude, 0, OBLIQUITY);

export const galacticPlane = () => around.map(galactic);
export const eclipticPlane = () => around.map(ecliptic);

export const isEquatorial = (frame) => /^(icrs|fk5|j2000)/i.test(frame);
