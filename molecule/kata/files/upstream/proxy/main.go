// Stands in for kata-proxy, which nobody starts where there is no virtual machine.
package main

func main() {
}
