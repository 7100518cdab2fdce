package io.synod.sample;

import java.util.UUID;
import org.springframework.dao.TransientDataAccessException;
import org.springframework.resilience.annotation.Retryable;
import org.springframework.stereotype.Service;
import org.springframework.transaction.annotation.Transactional;

/**
 * Sells. A transaction that a deadlock, a lock's time-out or a change of leader has ended did not commit, and is run again: what
 * any application does that uses row locks.
 */
@Service
class Sales {
    private final PurchaseOrders orders;
    private final Stocks stocks;

    Sales(PurchaseOrders orders, Stocks stocks) {
        this.orders = orders;
        this.stocks = stocks;
    }

    @Retryable(includes = TransientDataAccessException.class, maxRetries = 10, delay = 20)
    @Transactional
    PurchaseOrder sell(UUID key, String item, int quantity) {
        return orders.findByOrderKey(key).orElseGet(() -> {
            stocks.lock(item).orElseThrow(() -> new UnknownItemException(item)).sell(quantity);
            return orders.save(new PurchaseOrder(key, item, quantity));
        });
    }
}
