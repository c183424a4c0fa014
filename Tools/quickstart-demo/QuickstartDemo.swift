// Placeholder until the store can be opened.

@main
enum Main { static func main() {} }
