/** Sessions that decide where a statement runs. Entry point: {@link io.synod.engine.session.SynodSession}. */
package io.synod.engine.session;
