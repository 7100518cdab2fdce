/**
 * The queries of TPC-H over two databases, beside the same on one plain H2. Entry point: {@link
 * io.synod.bench.tpch.TpchCommand}.
 */
package io.synod.bench.tpch;
