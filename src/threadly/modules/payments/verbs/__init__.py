"""What payments can do inside a Work; what calls a provider is the cashier's."""
