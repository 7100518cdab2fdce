package io.synod.sample;

import java.util.List;
import java.util.UUID;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.PathVariable;
import org.springframework.web.bind.annotation.PutMapping;
import org.springframework.web.bind.annotation.RequestParam;
import org.springframework.web.bind.annotation.RestController;

@RestController
class ShopController {
    private final Sales sales;
    private final PurchaseOrders orders;
    private final Stocks stocks;

    ShopController(Sales sales, PurchaseOrders orders, Stocks stocks) {
        this.sales = sales;
        this.orders = orders;
        this.stocks = stocks;
    }

    @PutMapping("/orders/{key}")
    PurchaseOrder order(@PathVariable UUID key, @RequestParam String item, @RequestParam int quantity) {
        return sales.sell(key, item, quantity);
    }

    @GetMapping("/orders")
    List<UUID> orders() {
        return orders.keys();
    }

    @GetMapping("/stock")
    List<Stock> stock() {
        return stocks.findAll();
    }
}
