/**
 * Queries that name tables of several databases: Calcite plans, H2 executes. Each database runs the largest part that lies
 * in it as one SQL text; its rows go as H2 values into a scratch database, which runs the rest. Nothing outside of this
 * package refers to Calcite, and nothing inside loads it before a statement names a second database.
 */
package io.synod.engine.federation;
