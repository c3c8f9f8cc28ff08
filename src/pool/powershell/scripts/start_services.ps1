# Starts the services of this front end and says what became of them.
#   module   the product's module
param([string] $Arguments)
$a = Read-Arguments $Arguments
$services = Get-ProductServices $a.module
if (@($services | Where-Object { $_.status -ne 'Running' }).Count -gt 0) {
    Start-CsWindowsService -Confirm:$false | Out-Null
    $services = Get-ProductServices $a.module
}
@{ services = $services }
