// Stands in for kata-shim, which nobody starts where there is no virtual machine.
package main

func main() {
}
